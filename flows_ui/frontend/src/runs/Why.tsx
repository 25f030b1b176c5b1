import { findTask, nameOf } from '../core/graph';
import { type FlowRun, firstFailure, mayAnswer, type TaskRun, waitingForPeople } from '../core/runs';
import { isSuccessful, labelOf } from '../core/states';
import { commandTitle } from '../ui/platform';
import { whoIsAsked } from './Answer';
import { answerFirst } from './deeds';
import { choose, placeOf, useRun, useRunStore } from './store';
import { useCause } from './useCause';

/** What people call a task run's task, where others have the same name too; state handlers are not in the graph. */
const useName = (taskRun: TaskRun | null | undefined): string =>
  useRun(({ graph }) =>
    taskRun && findTask(graph, taskRun.slug) ? nameOf(graph, taskRun.slug) : (taskRun?.name ?? ''),
  );

/** What waits for a person, with the way to answer. */
export function Waiting({ run }: { run: FlowRun }) {
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
export function Why({ run }: { run: FlowRun }) {
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
