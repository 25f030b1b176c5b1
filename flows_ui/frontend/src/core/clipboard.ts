/** Copies of tasks: what lies on the clipboard, and how it lands in a graph. */
import { type Binding, walkBindings } from './bindings';
import { type Edge, type Graph, nextSlug, type Task } from './graph';

export interface Fragment {
  anabranch: 'tasks';
  tasks: Task[];
  edges: Edge[];
}

/** The chosen tasks with the edges among them. */
export function copyTasks(graph: Graph, slugs: ReadonlySet<string>): Fragment {
  return {
    anabranch: 'tasks',
    tasks: graph.tasks.filter((task) => slugs.has(task.slug)),
    edges: graph.edges.filter((edge) => slugs.has(edge.upstream) && slugs.has(edge.downstream)),
  };
}

/** The fragment that a text from the clipboard holds; null if it holds something else. */
export function readFragment(text: string): Fragment | null {
  try {
    const value = JSON.parse(text) as Fragment;
    return value?.anabranch === 'tasks' && Array.isArray(value.tasks) && Array.isArray(value.edges)
      ? value
      : null;
  } catch {
    return null;
  }
}

/** Add a fragment under new slugs, shifted; bindings among the copies follow them. */
export function pasteTasks(
  graph: Graph,
  fragment: Fragment,
  shift: [number, number],
): { graph: Graph; slugs: string[] } {
  const renamed = new Map<string, string>();
  let pasted = graph;
  for (const task of fragment.tasks) {
    const slug = nextSlug(pasted, task.slug.replace(/-\d+$/, ''));
    renamed.set(task.slug, slug);
    const [x, y] = task.position ?? [0, 0];
    const copy: Task = { ...task, slug, position: [x + shift[0], y + shift[1]] };
    pasted = { ...pasted, tasks: [...pasted.tasks, copy] };
  }
  const copies = new Set(renamed.values());
  return {
    slugs: [...copies],
    graph: {
      ...pasted,
      tasks: pasted.tasks.map((task) => (copies.has(task.slug) ? rebind(task, renamed) : task)),
      edges: [
        ...pasted.edges,
        ...fragment.edges.map((edge) => ({
          ...edge,
          upstream: renamed.get(edge.upstream) ?? edge.upstream,
          downstream: renamed.get(edge.downstream) ?? edge.downstream,
        })),
      ],
    },
  };
}

function rebind(task: Task, renamed: ReadonlyMap<string, string>): Task {
  const inputs = structuredClone(task.inputs ?? {});
  for (const binding of Object.values(inputs)) {
    for (const [, found] of walkBindings(binding as Binding)) {
      if (found.kind === 'upstream') found.task = renamed.get(found.task) ?? found.task;
    }
  }
  return { ...task, inputs };
}
