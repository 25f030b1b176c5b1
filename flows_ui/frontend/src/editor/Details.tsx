import { ArrowRight, Copy, Trash2 } from 'lucide-react';
import { edgeId, findTask, nameOf } from '../core/graph';
import type { Actions } from './actions';
import { FlowPanel } from './FlowPanel';
import { chosenSlug, graphOf, useEditor } from './store';
import { TaskPanel } from './TaskPanel';

/** The form beside the canvas, for whatever is chosen there: a task, an edge, several, or the flow itself. */
export function Details({ actions }: { actions: Actions }) {
  const graph = useEditor(graphOf);
  const slug = useEditor(chosenSlug);
  const tasks = useEditor((state) => state.tasks);
  const edges = useEditor((state) => state.edges);
  const task = slug ? findTask(graph, slug) : undefined;
  const edge =
    tasks.size === 0 && edges.size === 1 ? graph.edges.find((found) => edges.has(edgeId(found))) : undefined;

  if (task && edges.size === 0) return <TaskPanel key={task.slug} task={task} actions={actions} />;
  if (edge) {
    return (
      <section className="side details" aria-label="Edge">
        <h2 className="side__title">Edge</h2>
        <div className="side__body">
          <p className="edge-words">
            <strong>{nameOf(graph, edge.upstream)}</strong> <ArrowRight aria-label="before" />{' '}
            <strong>{nameOf(graph, edge.downstream)}</strong>
          </p>
          <p className="muted">
            {nameOf(graph, edge.downstream)} waits for {nameOf(graph, edge.upstream)} to end; its trigger
            decides what must have come of it.
          </p>
          <RemoveButton label="Remove edge" onClick={actions.removeSelection} />
        </div>
      </section>
    );
  }
  if (tasks.size + edges.size > 1) {
    return (
      <section className="side details" aria-label="Selection">
        <h2 className="side__title">{countText(tasks.size, edges.size)} chosen</h2>
        <div className="side__body">
          {tasks.size > 0 && (
            <button type="button" className="button" onClick={actions.duplicate}>
              <Copy /> Duplicate
            </button>
          )}
          <RemoveButton label="Delete" onClick={actions.removeSelection} />
        </div>
      </section>
    );
  }
  return <FlowPanel actions={actions} />;
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
const countText = (tasks: number, edges: number): string =>
  [tasks && counted(tasks, 'task'), edges && counted(edges, 'edge')].filter(Boolean).join(' and ');

function RemoveButton({ label, onClick }: { label: string; onClick: () => void }) {
  const canEdit = useEditor((state) => state.data.can_edit);
  return (
    <button type="button" className="button button--danger" disabled={!canEdit} onClick={onClick}>
      <Trash2 /> {label}
    </button>
  );
}
