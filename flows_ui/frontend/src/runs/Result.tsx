import type { StoredResult } from '../core/runs';
import { Json } from './words';

interface Props {
  result: unknown;
  stored: StoredResult | null | undefined;
  /** The address below /api/v1/ that gives a stored result whole. */
  address: string;
}

/** What a run handed on: its JSON, or, where that is stored elsewhere, what it is and how it begins. */
export function Result({ result, stored, address }: Props) {
  if (!stored && (result === null || result === undefined)) return null;
  return (
    <section className="panel-part" aria-label="Result">
      <h3 className="panel-part__title">Result</h3>
      {stored ? <Stored stored={stored} address={address} /> : <Json value={result} />}
    </section>
  );
}

function Stored({ stored, address }: { stored: StoredResult; address: string }) {
  return (
    <>
      <p className="small">
        {stored.type}, {stored.bytes.toLocaleString('en')} bytes.{' '}
        {stored.is_json ? (
          <a href={`/api/v1/${address}`} download>
            Download
          </a>
        ) : (
          `Kept by ${stored.serializer}, for tasks of flows only.`
        )}
      </p>
      {stored.preview && <pre className="code">{stored.preview}…</pre>}
    </>
  );
}
