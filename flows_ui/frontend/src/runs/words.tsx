import { labelOf, meaningOf } from '../core/states';
import { durationText, momentText, secondsBetween } from '../core/time';
import { useNow } from './store';

/** A state as icon and word. */
export function Badge({ state, isLarge, isPlain }: { state: string; isLarge?: boolean; isPlain?: boolean }) {
  const classes = ['badge', isLarge && 'badge--large', isPlain && 'badge--plain'].filter(Boolean).join(' ');
  return (
    <span className={classes} data-state={state} title={meaningOf(state)}>
      {labelOf(state)}
    </span>
  );
}

interface Span {
  started_at: string | null;
  ended_at: string | null;
}

/** How long something took, or takes so far. */
export function Duration({ span, absent = '' }: { span: Span; absent?: string }) {
  const now = useNow(span.started_at !== null && span.ended_at === null);
  const seconds = secondsBetween(span.started_at, span.ended_at, now);
  return <span className="numeric">{seconds === null ? absent : durationText(seconds)}</span>;
}

/** A moment in the reader's zone, exact in the title. */
export function Moment({ at }: { at: string | null }) {
  if (!at) return <>–</>;
  return (
    <time dateTime={at} title={at}>
      {momentText(at, Date.now())}
    </time>
  );
}

/** A JSON value for people. */
export function Json({ value }: { value: unknown }) {
  return <pre className="code">{JSON.stringify(value, null, 2) ?? 'null'}</pre>;
}
