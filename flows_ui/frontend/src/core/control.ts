/** Cases and merges: the tasks that only direct a flow, and how edges and bindings of theirs go together. */
import { type Binding, describeBinding } from './bindings';
import { findTask, type Graph, nextSlug, type Task, updateTask } from './graph';

export const CASE = 'case';
export const MERGE = 'merge';
export type ControlKind = typeof CASE | typeof MERGE;

export const CONTROLS: Record<ControlKind, { name: string; about: string }> = {
  case: { name: 'Case', about: 'Lets what follows run by the result of a task' },
  merge: { name: 'Merge', about: 'Hands on the result of the branch that ran' },
};

export const isControl = (kind: unknown): kind is ControlKind => kind === CASE || kind === MERGE;

/** What a case asks of its condition. */
export type Test = 'equals' | 'true' | 'false';

export const TESTS: Record<Test, string> = {
  equals: 'equals a value',
  true: 'counts as true',
  false: 'counts as false',
};

/** Add a case or a merge. */
export function addControl(
  graph: Graph,
  kind: ControlKind,
  position: [number, number],
): { graph: Graph; slug: string } {
  const { name } = CONTROLS[kind];
  const slug = nextSlug(graph, name);
  const task: Task =
    kind === CASE
      ? { slug, name, kind, inputs: { truthy: { kind: 'literal', value: true } }, position }
      : {
          slug,
          name,
          kind,
          inputs: { branches: { kind: 'list', items: [] } },
          trigger: 'not_all_skipped',
          skip_on_upstream_skip: false,
          position,
        };
  return { graph: { ...graph, tasks: [...graph.tasks, task] }, slug };
}

export function testOf(task: Task): Test {
  const truthy = task.inputs?.truthy;
  if (!truthy) return 'equals';
  return truthy.kind === 'literal' && !truthy.value ? 'false' : 'true';
}

/** The case with another test; the condition stays, a value begins empty. */
export function withTest(task: Task, test: Test): Task {
  const { value, truthy: _, ...others } = task.inputs ?? {};
  const wanted: Record<string, Binding> =
    test === 'equals'
      ? { value: value ?? { kind: 'literal', value: '' } }
      : { truthy: { kind: 'literal', value: test === 'true' } };
  return { ...task, inputs: { ...others, ...wanted } };
}

export function withInput(task: Task, key: string, binding: Binding | null): Task {
  const { [key]: _, ...others } = task.inputs ?? {};
  return { ...task, inputs: binding ? { ...task.inputs, [key]: binding } : others };
}

export const branchesOf = (task: Task): Binding[] => {
  const branches = task.inputs?.branches;
  return branches?.kind === 'list' ? branches.items : [];
};

const withBranches = (task: Task, items: Binding[]): Task =>
  withInput(task, 'branches', { kind: 'list', items });

/** The merge with one branch a place earlier: of several results the first one counts. */
export function withBranchEarlier(task: Task, index: number): Task {
  const items = branchesOf(task).slice();
  const [moved] = items.splice(index, 1);
  if (moved && index > 0) items.splice(index - 1, 0, moved);
  return moved && index > 0 ? withBranches(task, items) : task;
}

/** After an edge was drawn: a case without a condition reads its upstream, a merge has one branch more. */
export function bindControl(graph: Graph, upstream: string, downstream: string): Graph {
  const task = findTask(graph, downstream);
  const binding: Binding = { kind: 'upstream', task: upstream };
  if (task?.kind === CASE && !task.inputs?.condition && findTask(graph, upstream)?.kind !== CASE) {
    return updateTask(graph, downstream, withInput(task, 'condition', binding));
  }
  const isThere = task && branchesOf(task).some((item) => item.kind === 'upstream' && item.task === upstream);
  if (task?.kind === MERGE && !isThere && findTask(graph, upstream)?.kind !== CASE) {
    return updateTask(graph, downstream, withBranches(task, [...branchesOf(task), binding]));
  }
  return graph;
}

/** After edges went: merges let go of the branches whose edges are not there any more. */
export function unbindMerges(graph: Graph): Graph {
  const tasks = graph.tasks.map((task) => {
    if (task.kind !== MERGE) return task;
    const upstream = new Set(
      graph.edges.filter((edge) => edge.downstream === task.slug).map((edge) => edge.upstream),
    );
    const items = branchesOf(task);
    const kept = items.filter((item) => item.kind !== 'upstream' || upstream.has(item.task));
    return kept.length === items.length ? task : withBranches(task, kept);
  });
  return tasks.every((task, index) => task === graph.tasks[index]) ? graph : { ...graph, tasks };
}

/** What lets the edges out of a case go on, in a few letters; null for other tasks. */
export function caseLabel(task: Task | undefined): string | null {
  if (task?.kind !== CASE) return null;
  const test = testOf(task);
  if (test !== 'equals') return test;
  const value = task.inputs?.value;
  const text = value ? describeBinding(value, (slug) => slug) : '?';
  return `= ${text.length > 18 ? `${text.slice(0, 17)}…` : text}`;
}

/** What a case or merge does, in one line of its card. */
export function controlText(task: Task, name: (slug: string) => string = (slug) => slug): string {
  if (task.kind === MERGE) return `first of ${branchesOf(task).length} branches`;
  const condition = task.inputs?.condition;
  const asked = testOf(task) === 'equals' ? caseLabel(task) : `is ${testOf(task)}`;
  return `${condition ? describeBinding(condition, name).replace(/^result of /, '') : 'nothing yet'} ${asked}`;
}
