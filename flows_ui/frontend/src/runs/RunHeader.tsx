import { Ban, Play, RotateCcw } from 'lucide-react';
import { useState } from 'react';
import { canCancel, canRestart, countStates, type FlowRun, firstFailure } from '../core/runs';
import { isSuccessful, isTerminal, labelOf } from '../core/states';
import { momentText } from '../core/time';
import { call, messageOf } from '../net/api';
import { commandTitle } from '../ui/platform';
import { choose, placeOf, type RunStore, showRun, useRun, useRunStore } from './store';
import { useCause } from './useCause';
import { Badge, Duration, Moment } from './words';

/** Which run this is, how it goes, and what can be done with it. */
export function RunHeader() {
  const run = useRun((state) => state.run);
  const breadcrumbs = useRun((state) => state.data.breadcrumbs);
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
        <Actions run={run} />
      </div>
      <div className="run-header__facts">
        <span>
          <a href={`/flows/${run.flow}/`}>{run.flow}</a> version {run.version}
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
  schedule: 'started by its schedule',
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

/** What waits for a worker that is not there, and how to start one. */
function Unserved({ run }: { run: FlowRun }) {
  const queues = [...new Set(run.task_runs.filter((taskRun) => !taskRun.is_served).map((one) => one.queue))];
  if (queues.length === 0) return null;
  const names = queues.join(', ');
  return (
    <div className="notice notice--warning" role="alert">
      <strong>No worker serves the queue {names}.</strong> What waits there starts as soon as one does:{' '}
      <code>celery -A orchestrator.config worker --queues {queues.join(',')}</code>
    </div>
  );
}

/** Why the run did not succeed, with the way to the task where it began. */
function Why({ run }: { run: FlowRun }) {
  const store = useRunStore();
  const failure = firstFailure(run);
  const cause = useCause(failure);
  if (!failure) {
    // Success and a state's own name need no words beside the badge.
    const isSaid = isSuccessful(run.state) || run.message === `${run.state}.`;
    return isSaid || !run.message ? null : <p className="run-header__message muted">{run.message}</p>;
  }
  const [message] = (cause?.taskRun.message || failure.message).split('\n');
  const child = cause?.run.id ?? failure.child_flow_run;
  return (
    <div className="notice notice--danger why" role="alert">
      <p className="why__text">
        <strong>{failure.name}</strong> {labelOf(failure.state).toLowerCase()}: {message || 'no message'}{' '}
        {cause && (
          <span className="muted">
            (in {cause.taskRun.name} of {cause.run.flow})
          </span>
        )}
      </p>
      <button
        type="button"
        className="button button--small"
        onClick={() => {
          choose(store, failure);
          store.setState({ pane: 'details' });
        }}
      >
        Show {failure.name}
      </button>
      {child && (
        <a
          className="button button--small"
          href={`/flow-runs/${child}/${cause ? placeOf(cause.taskRun) : ''}`}
        >
          Open the run that failed
        </a>
      )}
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

function Actions({ run }: { run: FlowRun }) {
  const store = useRunStore();
  const canRun = useRun((state) => state.data.can_run);
  const [isBusy, setBusy] = useState(false);
  const restart = async () => {
    setBusy(true);
    try {
      showRun(store, await call<FlowRun>('POST', `flow-runs/${run.id}/restart/`, {}));
    } catch (error) {
      fail(store, messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  if (!canRun) return null;
  return (
    <div className="cluster run-header__actions">
      {canCancel(run) && (
        <button
          type="button"
          className="button button--danger"
          onClick={() => store.setState({ dialog: 'cancel' })}
        >
          <Ban /> Cancel
        </button>
      )}
      {canRestart(run) && (
        <button
          type="button"
          className="button button--primary"
          disabled={isBusy}
          onClick={() => void restart()}
        >
          <RotateCcw /> Restart from failed
        </button>
      )}
      <button
        type="button"
        className="button"
        title={commandTitle('flow.run')}
        onClick={() => store.setState({ dialog: 'again' })}
      >
        <Play /> Run again
      </button>
    </div>
  );
}

export function fail(store: RunStore, text: string): void {
  const { notices } = store.getState();
  const id = (notices.at(-1)?.id ?? 0) + 1;
  store.setState({ notices: [...notices, { id, text, tone: 'danger' }] });
}
