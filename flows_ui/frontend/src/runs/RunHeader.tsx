import { Ban, CirclePause, CirclePlay, Ellipsis, Pencil, Play, RotateCcw, Tag } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { findTask, nameOf } from '../core/graph';
import {
  canCancel,
  canPause,
  canRestart,
  canResume,
  countStates,
  type FlowRun,
  firstFailure,
  mayAnswer,
  type TaskRun,
  waitingForPeople,
  waitsForChildren,
} from '../core/runs';
import { isSuccessful, isTerminal, labelOf } from '../core/states';
import { momentText } from '../core/time';
import { commandTitle } from '../ui/platform';
import { whoIsAsked } from './Answer';
import { answerFirst, fail, togglePause } from './deeds';
import { choose, placeOf, type RunDialog, useRun, useRunStore } from './store';
import { useCause } from './useCause';
import { useDeed } from './useDeed';
import { useFocusKept } from './useFocusKept';
import { Below, Held, Retrying, Unclaimed, Unserved } from './Waits';
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
        <Actions run={run} />
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

/** What people call a task run's task, where others have the same name too; state handlers are not in the graph. */
const useName = (taskRun: TaskRun | null | undefined): string =>
  useRun(({ graph }) =>
    taskRun && findTask(graph, taskRun.slug) ? nameOf(graph, taskRun.slug) : (taskRun?.name ?? ''),
  );

/** What waits for a person, with the way to answer. */
function Waiting({ run }: { run: FlowRun }) {
  const store = useRunStore();
  const [first, ...others] = waitingForPeople(run);
  const task = useRun((state) => (first ? findTask(state.graph, first.slug) : undefined));
  const name = useName(first);
  const role = useRun((state) => state.data.role);
  if (!first) return null;
  const asked = whoIsAsked(task?.role, task?.kind === 'approval' ? first.due_at : null);
  return (
    <div className="notice notice--warning why why--asks">
      <p className="why__text">
        <strong>{name}</strong> {asked[0]?.toLowerCase() + asked.slice(1)}
        {others.length > 0 && ` (and ${others.length} more)`}
        {first.message && `: ${first.message}`}
      </p>
      <button
        type="button"
        className="button button--small"
        title={commandTitle('run.answer')}
        onClick={() => answerFirst(store)}
      >
        {mayAnswer(task, role) ? 'Answer' : 'Show'}
      </button>
    </div>
  );
}

/** Why the run did not succeed, with the way to the task where it began. */
function Why({ run }: { run: FlowRun }) {
  const store = useRunStore();
  const failure = firstFailure(run);
  const cause = useCause(failure);
  const name = useName(failure);
  if (!failure) {
    // Success and a state's own name need no words beside the badge.
    const isSaid = isSuccessful(run.state) || run.message === `${run.state}.`;
    if (isSaid || !run.message) return null;
    return <p className={run.state === 'Queued' ? 'notice' : 'run-header__message muted'}>{run.message}</p>;
  }
  const [message] = (cause?.taskRun.message || failure.message).split('\n');
  const child = cause?.run.id ?? failure.child_flow_run;
  return (
    <div className="notice notice--danger why" role="alert">
      <p className="why__text">
        <strong>{name}</strong> {labelOf(failure.state).toLowerCase()}
        {cause && ` in ${cause.taskRun.name} of ${cause.run.flow}`}: {message || 'no message'}
      </p>
      <button
        type="button"
        className="button button--small"
        onClick={() => {
          choose(store, failure);
          store.setState({ pane: 'details' });
        }}
      >
        Show {name}
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
  const { isBusy, failure, act } = useDeed();
  useEffect(() => {
    if (failure) fail(store, failure);
  }, [store, failure]);
  const focus = useFocusKept(run.state);
  const open = (dialog: RunDialog) => store.setState({ dialog });
  if (!canRun) return null;
  return (
    <div className="cluster run-header__actions" {...focus}>
      {canCancel(run) && (
        <button type="button" className="button button--danger" onClick={() => open('cancel')}>
          <Ban /> Cancel
        </button>
      )}
      {(canPause(run) || canResume(run)) && (
        <button
          type="button"
          className="button"
          title={commandTitle('run.pause')}
          onClick={() => void togglePause(store)}
        >
          {canResume(run) ? <CirclePlay /> : <CirclePause />} {canResume(run) ? 'Resume' : 'Pause'}
        </button>
      )}
      {canRestart(run) && (
        <button
          type="button"
          className="button button--primary"
          disabled={isBusy}
          onClick={() => void act(`flow-runs/${run.id}/restart/`, {})}
        >
          <RotateCcw /> Restart from failed
        </button>
      )}
      <button type="button" className="button" title={commandTitle('flow.run')} onClick={() => open('again')}>
        <Play /> Run again
      </button>
      <More run={run} open={open} />
    </div>
  );
}

function More({ run, open }: { run: FlowRun; open: (dialog: RunDialog) => void }) {
  const store = useRunStore();
  const editUrl = useRun((state) => state.data.edit_url);
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (menu.current) menu.current.open = false;
  };
  const pick = (dialog: RunDialog) => {
    close();
    open(dialog);
  };
  if (run.state === 'Cancelling') return null;
  return (
    <details
      ref={menu}
      className="menu"
      onBlur={({ relatedTarget: next }) => {
        if (next && !menu.current?.contains(next)) close();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !menu.current) return;
        event.stopPropagation();
        menu.current.open = false;
        menu.current.querySelector('summary')?.focus();
      }}
    >
      <summary className="button button--icon" aria-label="More" title="More">
        <Ellipsis />
      </summary>
      <div className="menu__list">
        {canRestart(run) && Object.keys(run.parameters ?? {}).length > 0 && (
          <button type="button" onClick={() => pick('restart')}>
            <RotateCcw /> Restart with other parameters…
          </button>
        )}
        {canPause(run) && waitsForChildren(run) && (
          <button
            type="button"
            onClick={() => {
              close();
              void togglePause(store, { leavesChildren: true });
            }}
          >
            <CirclePause /> Pause, but not its child runs
          </button>
        )}
        <button type="button" onClick={() => pick('mark')}>
          <Tag /> Mark as…
        </button>
        {editUrl && (
          <a href={editUrl}>
            <Pencil /> Edit the flow
          </a>
        )}
      </div>
    </details>
  );
}
