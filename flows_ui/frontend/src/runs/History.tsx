import { useEffect, useState } from 'react';
import { call, messageOf } from '../net/api';
import { useRun } from './store';
import { Badge, Moment } from './words';

interface StateChange {
  at: string;
  slug: string | null;
  map_index: number | null;
  attempt: number;
  before: string | null;
  after: string;
  message: string;
  actor: string | null;
}

interface HistoryProps {
  /** Of which task; null for the flow run itself. */
  slug: string | null;
  mapIndex?: number | null;
  /** Another one of these means that there is more to read. */
  version: unknown;
}

/** The changes of state of a task run or of the flow run, the first one on top. */
export function History({ slug, mapIndex = null, version }: HistoryProps) {
  const run = useRun((state) => state.run.id);
  const [changes, setChanges] = useState<StateChange[] | null>(null);
  const [failure, setFailure] = useState('');
  useEffect(() => {
    let isWanted = version !== undefined;
    readAll(run)
      .then((found) => isWanted && setChanges(found))
      .catch((error: unknown) => isWanted && setFailure(messageOf(error)));
    return () => {
      isWanted = false;
    };
  }, [run, version]);
  const own = changes?.filter(
    (change) => change.slug === slug && (slug === null || change.map_index === mapIndex),
  );
  if (failure) return <p className="notice notice--danger">{failure}</p>;
  if (!own) return null;
  if (own.length === 0) return <p className="muted small">It has been in this state from the beginning.</p>;
  return (
    <ol className="history">
      {own.map((change) => (
        <li key={`${change.at} ${change.after}`}>
          <div className="cluster cluster--between">
            <Badge state={change.after} isPlain />
            <span className="muted small">
              <Moment at={change.at} />
            </span>
          </div>
          <p className="small muted">
            {change.attempt > 1 && `Attempt ${change.attempt}. `}
            {sentence(change)}
          </p>
        </li>
      ))}
    </ol>
  );
}

/** What was said about a change; whose doing it was, where that was not said. */
function sentence({ actor, message }: StateChange): string {
  const [said = ''] = message.split('\n');
  return actor && !said.includes(actor) ? `By ${actor}. ${said}` : said;
}

async function readAll(run: string): Promise<StateChange[]> {
  const changes: StateChange[] = [];
  for (let page = 1; ; page += 1) {
    const path = `flow-runs/${run}/changes/?page=${page}&page_size=200`;
    const { results, next } = await call<{ results: StateChange[]; next: string | null }>('GET', path);
    changes.push(...results);
    if (!next) return changes;
  }
}
