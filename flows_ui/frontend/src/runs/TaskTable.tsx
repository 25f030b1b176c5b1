import { type KeyboardEvent, useMemo } from 'react';
import { nameOf } from '../core/graph';
import { topologicalOrder } from '../core/reach';
import { appearanceOf, type Bar, isItem, itemsText, type TaskRun, timeline } from '../core/runs';
import { isTerminal, labelOf } from '../core/states';
import { choose, useNow, useRun, useRunStore } from './store';
import { Badge, Duration } from './words';

/** Every task run with its state and, as a bar, when it ran beside the others. */
export function TaskTable() {
  const store = useRunStore();
  const run = useRun((state) => state.run);
  const graph = useRun((state) => state.graph);
  const chosen = useRun((state) => state.chosen);
  const now = useNow(!isTerminal(run.state));
  const bars = new Map(timeline(run, now).map((bar) => [bar.taskRun.id, bar]));
  const order = useMemo(
    () => new Map(topologicalOrder(graph).map(({ slug }, index) => [slug, index])),
    [graph],
  );
  const names = useMemo(() => new Map(graph.tasks.map(({ slug }) => [slug, nameOf(graph, slug)])), [graph]);
  const placeOf = (taskRun: TaskRun) => order.get(taskRun.slug) ?? order.size;
  const rows = run.task_runs.toSorted(
    (a, b) => placeOf(a) - placeOf(b) || (a.map_index ?? -1) - (b.map_index ?? -1),
  );

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next =
      rows[Math.min(rows.length - 1, Math.max(0, rows.findIndex((row) => row.id === chosen) + step))];
    choose(store, next);
    document.getElementById(`row-${next?.id}`)?.focus();
  };

  return (
    <section className="task-table" aria-label="Task runs" onKeyDown={onKeyDown}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col">State</th>
            <th scope="col" className="task-table__time">
              Time
            </th>
            <th scope="col" className="num">
              Took
            </th>
            <th scope="col">Child flow run</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((taskRun) => (
            <Row
              key={taskRun.id}
              taskRun={taskRun}
              name={names.get(taskRun.slug) ?? taskRun.name}
              bar={bars.get(taskRun.id)}
              isChosen={taskRun.id === chosen}
              onChoose={() => choose(store, taskRun)}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface RowProps {
  taskRun: TaskRun;
  /** Its own, and its slug where another task has that name as well. */
  name: string;
  bar: Bar | undefined;
  isChosen: boolean;
  onChoose: () => void;
}

function Row({ taskRun, name, bar, isChosen, onChoose }: RowProps) {
  const { label } = appearanceOf(taskRun);
  const isMore = label !== labelOf(taskRun.state);
  return (
    <tr
      data-task-run={taskRun.slug}
      data-state={taskRun.state}
      className={isChosen ? 'is-chosen' : undefined}
      onClick={onChoose}
    >
      <th scope="row">
        <button
          type="button"
          id={`row-${taskRun.id}`}
          className="row-button truncate"
          aria-pressed={isChosen}
          onClick={onChoose}
        >
          {name}
          {isItem(taskRun) && ` [${taskRun.map_index}]`}
        </button>
      </th>
      <td>
        <Badge state={taskRun.state} isPlain />
        {taskRun.items && <span className="muted small numeric"> {itemsText(taskRun.items)}</span>}
        {isMore && <span className="muted small"> {label.toLowerCase()}</span>}
        {taskRun.attempt > 1 && <span className="muted small"> attempt {taskRun.attempt}</span>}
      </td>
      <td className="task-table__time">
        {bar && (
          <div className="bar-track">
            <span
              className="bar"
              data-state={taskRun.state}
              title={labelOf(taskRun.state)}
              style={{ left: `${bar.start * 100}%`, width: `${bar.length * 100}%` }}
            />
          </div>
        )}
      </td>
      <td className="num">
        <Duration span={taskRun} absent="–" />
      </td>
      <td>
        {taskRun.child_flow_run && (
          <a href={`/flow-runs/${taskRun.child_flow_run}/`} aria-label={`Open child run of ${name}`}>
            {taskRun.child_flow ?? 'child run'}
          </a>
        )}
      </td>
    </tr>
  );
}
