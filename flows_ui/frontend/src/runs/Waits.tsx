import { nameOf } from '../core/graph';
import { type FlowRun, heldBy, type TaskRun } from '../core/runs';
import { useRun } from './store';

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
