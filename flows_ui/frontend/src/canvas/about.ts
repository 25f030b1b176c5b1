import { controlText, isControl } from '../core/control';
import { type Graph, nameOf, type Task } from '../core/graph';

const KINDS: Record<Task['kind'], string> = {
  flow_run: 'flow',
  function: 'function',
  case: 'case',
  merge: 'merge',
  wait: 'waits for a flow run',
  task_result: 'result of another flow run',
  approval: 'approval',
};

/** What a task is about: the flow it starts, what it decides, or its kind. */
export function aboutTask(graph: Graph, task: Task): string {
  if (task.flow) return `${task.flow.project}/${task.flow.name}`;
  return isControl(task.kind) ? controlText(task, (slug) => nameOf(graph, slug)) : KINDS[task.kind];
}
