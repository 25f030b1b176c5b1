import { countStates, type FlowRun } from '../core/runs';
import { isTerminal, labelOf } from '../core/states';
import { momentText } from '../core/time';
import { RunActions } from './RunActions';
import { useRun } from './store';
import { Below, Held, Retrying, Unclaimed, Unserved } from './Waits';
import { Waiting, Why } from './Why';
import { Badge, Duration, Moment } from './words';

/** Which run this is, how it goes, and what can be done with it. */
export function RunHeader() {
  const run = useRun((state) => state.run);
  const breadcrumbs = useRun((state) => state.data.breadcrumbs);
  const latest = useRun((state) => state.data.latest_version);
  const above = breadcrumbs.slice(0, -1);
  return (
    <header className="run-header">
      <nav className="breadcrumb" aria-label="Breadcrumb">
        <ol>
          <li>
            <a href="/flow-runs/">Runs</a>
          </li>
          {above.map((crumb) => (
            <li key={crumb.url}>
              <a href={crumb.url}>{crumb.label}</a>
            </li>
          ))}
          <li aria-current="page">{breadcrumbs.at(-1)?.label ?? run.flow}</li>
        </ol>
      </nav>
      <div className="run-header__main">
        <h1 className="truncate">{run.name || run.flow}</h1>
        <Badge state={run.state} isLarge />
        <LinkBadge />
        <span className="toolbar__spacer" />
        <RunActions run={run} />
      </div>
      <div className="run-header__facts">
        <span>
          <a href={`/flows/${run.flow}/`}>{run.flow}</a> version {run.version}
          {latest !== run.version && ` (the latest is ${latest})`}
        </span>
        <When run={run} />
        {run.started_at && (
          <span>
            {run.ended_at ? 'took ' : 'running for '}
            <Duration span={run} />
          </span>
        )}
        <span>{originText(run)}</span>
        {run.attempt > 1 && <span>attempt {run.attempt}</span>}
      </div>
      <Counts run={run} />
      <Unserved run={run} />
      <Held run={run} />
      <Unclaimed run={run} />
      <Retrying run={run} />
      <Below run={run} />
      <Waiting run={run} />
      <Why run={run} />
    </header>
  );
}

/** When it started, or is going to. */
function When({ run }: { run: FlowRun }) {
  const planned = isTerminal(run.state) ? null : run.scheduled_start_time;
  const [word, at] = run.started_at
    ? ['started', run.started_at]
    : planned
      ? ['starts', planned]
      : ['created', run.created_at];
  return (
    <span>
      {word} <Moment at={at} />
    </span>
  );
}

const ORIGINS: Record<string, string> = {
  person: 'started',
  api: 'started through the API',
  command: 'started on the command line',
  schedule: 'started by its schedule',
  backfill: 'started by a backfill',
  parent: 'started by its parent',
};

const originText = ({ origin, created_by: creator, started_at: start }: FlowRun): string =>
  [start ? (ORIGINS[origin] ?? origin) : 'created', creator && origin !== 'parent' && `by ${creator}`]
    .filter(Boolean)
    .join(' ');

function Counts({ run }: { run: FlowRun }) {
  const counts = countStates(run);
  const words = counts.map(([state, count]) => `${count} ${labelOf(state)}`).join(', ');
  if (counts.length === 0) return null;
  return (
    <div className="state-bar" role="img" aria-label={words} title={words}>
      {counts.map(([state, count]) => (
        <span key={state} data-state={state} style={{ flex: count }} />
      ))}
    </div>
  );
}

const LINK_WORDS = { live: 'Live', reconnecting: 'Reconnecting', refused: 'Not followed' } as const;

/** Whether what the page shows is what is true now. */
function LinkBadge() {
  const link = useRun((state) => state.link);
  const words =
    link.kind === 'stale'
      ? `Stale since ${momentText(new Date(link.since).toISOString(), Date.now())}`
      : LINK_WORDS[link.kind];
  return (
    <span
      className="live-badge"
      data-link={link.kind}
      role="status"
      title={'message' in link ? link.message : undefined}
    >
      {words}
    </span>
  );
}
