import { nameOf } from '../core/graph';
import { type FlowRun, heldBy, isUnclaimed, type TaskRun, waitingForNextTry } from '../core/runs';
import { useNow, useRun } from './store';
import { Moment } from './words';

/** What waits for a worker that is not there, and how to start one. */
export function Unserved({ run }: { run: FlowRun }) {
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

/** What limits of tags hold back, and by which limit. */
export function Held({ run }: { run: FlowRun }) {
  const graph = useRun((state) => state.graph);
  const held = heldBy(run);
  if (held.length === 0) return null;
  return (
    <div className="notice">
      {held.map(([message, taskRuns]) => (
        <p key={message} className="why__text">
          <strong>{namesOf(taskRuns, (slug) => nameOf(graph, slug))}</strong>: {message}
        </p>
      ))}
    </div>
  );
}

/** What stands still below, and for what: each reason once, with the first run that has it. */
export function Below({ run }: { run: FlowRun }) {
  const reasons = [...Map.groupBy(run.below, ({ message }) => message).values()];
  if (reasons.length === 0) return null;
  const isUnserved = run.below.some((one) => !one.is_served);
  return (
    <div className={isUnserved ? 'notice notice--warning' : 'notice'}>
      {reasons.map(
        ([first, ...others]) =>
          first && (
            <p key={first.message} className="why__text">
              Below, <a href={`/flow-runs/${first.flow_run}/`}>{first.flow}</a>
              {others.length > 0 && ` and ${others.length} more`}
              {first.message ? (
                `: ${first.message}`
              ) : (
                <>
                  {' '}
                  {others.length > 0 ? 'try' : 'tries'} again at <Moment at={first.tries_at} />.{' '}
                  {first.failure}
                </>
              )}
            </p>
          ),
      )}
    </div>
  );
}

/** A run that a worker takes up at once need not say that it waits for one. */
const UNCLAIMED_MS = 3_000;

/** That nothing has begun yet because the workers have other work. */
export function Unclaimed({ run }: { run: FlowRun }) {
  const isWaiting = isUnclaimed(run);
  const now = useNow(isWaiting);
  if (!isWaiting || now - Date.parse(run.created_at) < UNCLAIMED_MS) return null;
  const queues = [
    ...new Set(run.task_runs.filter(({ state }) => state === 'Submitted').map((one) => one.queue)),
  ];
  return (
    <p className="notice">
      Waits for a worker of the queue {queues.join(', ')} that is free: those there are have other work.
    </p>
  );
}

/** What failed and is tried again, and when. */
export function Retrying({ run }: { run: FlowRun }) {
  const graph = useRun((state) => state.graph);
  const [next, ...others] = waitingForNextTry(run, Date.now());
  if (!next) return null;
  return (
    <div className="notice notice--warning">
      <p className="why__text">
        <strong>{nameOf(graph, next.slug)}</strong> is tried again at <Moment at={next.due_at} />
        {others.length > 0 && `, and ${others.length} more later`}. {next.message.split('\n')[0]}
      </p>
    </div>
  );
}

const NAMED = 3;

function namesOf(taskRuns: TaskRun[], name: (slug: string) => string): string {
  const named = taskRuns
    .slice(0, NAMED)
    .map(({ slug, items }) =>
      items ? `${items.held} of ${items.number} items of ${name(slug)}` : name(slug),
    );
  const others = taskRuns.length - named.length;
  return others > 0 ? `${named.join(', ')} and ${others} more` : named.join(', ');
}
