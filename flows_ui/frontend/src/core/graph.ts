/** The graph document of a flow version or draft, and the edits a person makes to it. Every edit returns a new graph. */
import type { Binding } from './bindings';

export const TRIGGERS = {
  all_successful: 'All upstreams succeeded',
  any_successful: 'Any upstream succeeded',
  all_failed: 'All upstreams failed',
  any_failed: 'Any upstream failed',
  some_successful: 'Some upstreams succeeded',
  some_failed: 'Some upstreams failed',
  not_all_skipped: 'All upstreams succeeded, and not all were skipped',
  all_finished: 'All upstreams finished, however they ended',
  always_run: 'Always run',
  manual_only: 'A person approves it',
  custom: 'Its own code decides',
} as const;
export type Trigger = keyof typeof TRIGGERS;

export const ON_RETRY = {
  restart: 'Restart the child run where it failed',
  new_run: 'Start a new child run',
  mirror: 'Look at the same child run again',
} as const;
export type OnRetry = keyof typeof ON_RETRY;

export const APPROVER_ROLES = { operator: 'An operator', editor: 'An editor' } as const;
export type ApproverRole = keyof typeof APPROVER_ROLES;

export const ON_TIME_LIMIT = {
  fail: 'It timed out, and counts as failed',
  approve: 'It is approved as proposed',
} as const;
export type OnTimeLimit = keyof typeof ON_TIME_LIMIT;

export interface FlowName {
  project: string;
  name: string;
}

export interface Task {
  slug: string;
  name: string;
  kind: 'flow_run' | 'function' | 'case' | 'merge' | 'wait' | 'task_result' | 'approval';
  flow?: FlowName;
  inputs?: Record<string, Binding>;
  wait?: boolean;
  on_retry?: OnRetry;
  trigger?: string;
  skip_on_upstream_skip?: boolean;
  /** Of `some_successful` and `some_failed`: how many; below 1, which share. */
  trigger_at_least?: number | null;
  trigger_at_most?: number | null;
  max_retries?: number;
  retry_delay_seconds?: number;
  retry_delays?: number[];
  retry_backoff?: number;
  retry_jitter?: number;
  retry_delay_max_seconds?: number | null;
  timeout_seconds?: number | null;
  /** Of a function: how long its result stands for later runs, the queue whose workers execute it, and its tags. */
  cache_for_seconds?: number | null;
  queue?: string;
  tags?: string[];
  /** Of an approval: what is asked, whose answer counts, and what none in time means. */
  message?: string;
  role?: ApproverRole;
  on_time_limit?: OnTimeLimit;
  position?: [number, number];
}

export interface Edge {
  upstream: string;
  downstream: string;
  key?: string | null;
  mapped?: boolean;
  flattened?: boolean;
}

export interface Graph {
  schema: 1;
  tasks: Task[];
  edges: Edge[];
  reference_tasks?: string[];
  result_task?: string | null;
  /** The tasks that call the flow's state handlers: no canvas shows them. */
  opening_task?: string | null;
  closing_task?: string | null;
  /** The queue of every function that names none. */
  queue?: string;
  /** Of its runs: whatever is higher is executed first. */
  priority?: number;
}

export const EMPTY_GRAPH: Graph = { schema: 1, tasks: [], edges: [] };

export const edgeId = (edge: Pick<Edge, 'upstream' | 'downstream'>): string =>
  JSON.stringify([edge.upstream, edge.downstream]);

export const findTask = (graph: Graph, slug: string): Task | undefined =>
  graph.tasks.find((task) => task.slug === slug);

/** What people call a task: its name, with the slug where another task has the same name. */
export function nameOf(graph: Graph, slug: string): string {
  const name = findTask(graph, slug)?.name ?? slug;
  const isAlone = !graph.tasks.some((task) => task.slug !== slug && task.name === name);
  if (isAlone) return name;
  return slug.startsWith(name) ? slug : `${name} (${slug})`;
}

/** Of each task whose name another one has too: what tells it apart, the rest of its slug. */
export function distinctions(graph: Graph): Map<string, string> {
  const named = Map.groupBy(graph.tasks, ({ name }) => name);
  const restOf = ({ name, slug }: Task) => (slug.startsWith(`${name}-`) ? slug.slice(name.length + 1) : slug);
  const alike = [...named.values()].filter((tasks) => tasks.length > 1).flat();
  return new Map(alike.map((task) => [task.slug, restOf(task)]));
}

/** A slug for a new task, numbered after the highest one of its name in use. */
export function nextSlug(graph: Graph, name: string): string {
  const prefix = `${name}-`;
  const numbers = graph.tasks
    .filter((task) => task.slug.startsWith(prefix))
    .map((task) => Number(task.slug.slice(prefix.length)))
    .filter(Number.isInteger);
  return `${prefix}${Math.max(0, ...numbers) + 1}`;
}

/** Add a task that starts `flow`. */
export function addFlow(
  graph: Graph,
  flow: FlowName,
  position: [number, number],
): { graph: Graph; slug: string } {
  const name = `Flow ${flow.name}`;
  const slug = nextSlug(graph, name);
  const task: Task = {
    slug,
    name,
    kind: 'flow_run',
    flow: { project: flow.project, name: flow.name },
    inputs: { parameters: { kind: 'object', fields: {} } },
    position,
  };
  return { graph: { ...graph, tasks: [...graph.tasks, task] }, slug };
}

/** What the palette offers: a flow to start, a question to a person, or what directs a flow. */
export const APPROVAL = 'approval';
export type Addable = FlowName | typeof APPROVAL | 'case' | 'merge';

/** Add a task that waits for a person. */
export function addApproval(graph: Graph, position: [number, number]): { graph: Graph; slug: string } {
  const slug = nextSlug(graph, 'Approval');
  const task: Task = { slug, name: 'Approval', kind: 'approval', inputs: {}, position };
  return { graph: { ...graph, tasks: [...graph.tasks, task] }, slug };
}

export function updateTask(graph: Graph, slug: string, change: Partial<Task>): Graph {
  return {
    ...graph,
    tasks: graph.tasks.map((task) => (task.slug === slug ? { ...task, ...change } : task)),
  };
}

export function moveTasks(graph: Graph, positions: ReadonlyMap<string, [number, number]>): Graph {
  return {
    ...graph,
    tasks: graph.tasks.map((task) => {
      const position = positions.get(task.slug);
      return position ? { ...task, position } : task;
    }),
  };
}

/** Remove tasks with the edges at them. Bindings that read their results stay, as problems to solve. */
export function removeTasks(graph: Graph, slugs: ReadonlySet<string>): Graph {
  const stays = (slug: string) => !slugs.has(slug);
  const { reference_tasks: reference, result_task: result } = graph;
  return {
    ...graph,
    tasks: graph.tasks.filter((task) => stays(task.slug)),
    edges: graph.edges.filter((edge) => stays(edge.upstream) && stays(edge.downstream)),
    ...(reference && { reference_tasks: reference.filter(stays) }),
    ...(result && !stays(result) && { result_task: null }),
  };
}

/** The graph without the tasks that call the flow's state handlers. */
export function withoutHandlers(graph: Graph): Graph {
  const { opening_task: opening, closing_task: closing, ...rest } = graph;
  const hidden = new Set([opening, closing].filter((slug) => slug != null));
  return hidden.size > 0 ? removeTasks(rest, hidden) : graph;
}

/** Add the edge unless it is there. Ask `refusalOfEdge` before: this does not look for cycles. */
export function addEdge(graph: Graph, upstream: string, downstream: string): Graph {
  const there = graph.edges.some((edge) => edge.upstream === upstream && edge.downstream === downstream);
  return there ? graph : { ...graph, edges: [...graph.edges, { upstream, downstream, key: null }] };
}

export function removeEdges(graph: Graph, ids: ReadonlySet<string>): Graph {
  return { ...graph, edges: graph.edges.filter((edge) => !ids.has(edgeId(edge))) };
}

/** The edges as a canvas draws them: one per pair of tasks, however many keys it carries. */
export function drawnEdges(graph: Graph): Edge[] {
  return [...new Map(graph.edges.map((edge) => [edgeId(edge), edge])).values()];
}

/** Whether two graphs would execute alike; where the cards stand does not matter. */
export function isSameFlow(one: Graph, other: Graph): boolean {
  return plain(one) === plain(other);
}

function plain(graph: Graph): string {
  const tasks = graph.tasks.map(({ position: _, inputs, ...task }) => ({
    ...DEFAULTS,
    ...task,
    inputs: withoutEmptyParameters(inputs),
  }));
  const edges = graph.edges.map((edge) => [
    edge.upstream,
    edge.downstream,
    edge.key ?? null,
    edge.mapped ?? false,
    edge.flattened ?? false,
  ]);
  return JSON.stringify(
    [
      tasks.toSorted((a, b) => a.slug.localeCompare(b.slug)),
      edges.map((edge) => JSON.stringify(edge)).toSorted(),
      graph.reference_tasks ?? [],
      graph.result_task ?? null,
      graph.queue ?? '',
      graph.priority ?? 0,
    ],
    sortedKeys,
  );
}

const DEFAULTS = {
  wait: true,
  on_retry: 'restart',
  trigger: 'all_successful',
  skip_on_upstream_skip: true,
  max_retries: 0,
  retry_delay_seconds: 0,
  retry_delays: [],
  retry_backoff: 1,
  retry_jitter: 0,
  retry_delay_max_seconds: null,
  timeout_seconds: null,
  trigger_at_least: null,
  trigger_at_most: null,
  cache_for_seconds: null,
  queue: '',
  tags: [],
  message: '',
  role: 'operator',
  on_time_limit: 'fail',
};

function withoutEmptyParameters(inputs: Task['inputs']): Task['inputs'] {
  const parameters = inputs?.parameters;
  const isEmpty = parameters?.kind === 'object' && Object.keys(parameters.fields).length === 0;
  return isEmpty ? {} : (inputs ?? {});
}

function sortedKeys(_: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a.localeCompare(b)));
}
