/** Flow runs and task runs as the API and the socket give them, and what a page reads from them. */
import type { Task } from './graph';
import { isSuccessful, isTerminal, isUnsuccessful, labelOf } from './states';

export interface TaskRun {
  id: string;
  slug: string;
  name: string;
  map_index: number | null;
  state: string;
  message: string;
  attempt: number;
  child_flow_run: string | null;
  child_flow: string | null;
  child_state: string | null;
  due_at: string | null;
  submitted_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  worker: string | null;
  queue: string;
  /** False: it waits for a worker, and none serves its queue. */
  is_served: boolean;
  /** It waits for a limit of its tags; the message says which. */
  is_held: boolean;
  /** Of a mapped task, once it has been given its items. */
  items: ItemCounts | null;
}

/** Whether a task run is one item of a mapped task. */
export const isItem = ({ map_index: index }: TaskRun): boolean => index !== null && index >= 0;

/** What people call a task run: an item by its place in the list. */
export const titleOf = (taskRun: TaskRun): string =>
  isItem(taskRun) ? `${taskRun.name} [${taskRun.map_index}]` : taskRun.name;

export interface ItemCounts {
  number: number;
  states: Record<string, number>;
  /** How many of them wait for the limits of their tags. */
  held: number;
}

/** A result that is kept outside its row: too large for it, or no JSON. */
export interface StoredResult {
  type: string;
  bytes: number;
  serializer: string;
  is_json: boolean;
  preview: string;
}

/** A flow run, at any depth below another, that stands still. */
export interface StandingBelow {
  flow_run: string;
  flow: string;
  /** What it waits for; empty where that is its next try. */
  message: string;
  is_served: boolean;
  tries_at: string | null;
  /** What went wrong before that try. */
  failure: string;
}

export interface FlowRun {
  id: string;
  name: string;
  flow: string;
  version: number;
  state: string;
  message: string;
  parameters: Record<string, unknown>;
  result: unknown;
  stored_result: StoredResult | null;
  parent_task_run: { id: string; slug: string; flow_run: string; flow: string } | null;
  root_run: string;
  origin: string;
  created_by: string | null;
  idempotency_key: string | null;
  scheduled_start_time: string | null;
  scheduled_for: string | null;
  attempt: number;
  priority: number;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  below: StandingBelow[];
  task_runs: TaskRun[];
}

export type ServerMessage =
  | { type: 'snapshot'; sequence: number; flow_run: FlowRun }
  | { type: 'change'; sequence: number; flow_run: Partial<FlowRun>; task_runs: TaskRun[] }
  | { type: 'heartbeat'; sequence: number };

/** The run after a change: its own fields and whole task runs replaced, the others the same objects as before. */
export function applyChange(run: FlowRun, change: Partial<FlowRun>, changed: readonly TaskRun[]): FlowRun {
  const fresh = new Map(changed.map((taskRun) => [taskRun.id, taskRun]));
  const kept = run.task_runs.map((taskRun) => {
    const next = fresh.get(taskRun.id);
    fresh.delete(taskRun.id);
    return next ?? taskRun;
  });
  const { task_runs: _, ...fields } = change;
  return { ...run, ...fields, task_runs: [...kept, ...fresh.values()] };
}

/** The task run that a card shows: the one itself, or of a mapped task the parent (map index absent or below 0). */
export function taskRunsBySlug(run: FlowRun): Map<string, TaskRun> {
  const found = new Map<string, TaskRun>();
  for (const taskRun of run.task_runs) {
    if (!isItem(taskRun) || !found.has(taskRun.slug)) found.set(taskRun.slug, taskRun);
  }
  return found;
}

/** What others that ended without success follow from: a cancelled child from nothing here, a trigger from all else. */
const CAUSES = ['Failed', 'TimedOut', 'Cancelled', 'TriggerFailed'];

/** The task run to look at first when a run did not succeed: the earliest that failed by itself. */
export function firstFailure(run: FlowRun): TaskRun | null {
  if (!run.task_runs.some((taskRun) => isUnsuccessful(taskRun.state))) return null;
  const byEnd = (a: TaskRun, b: TaskRun) => Date.parse(a.ended_at ?? '') - Date.parse(b.ended_at ?? '');
  const byCause = (a: TaskRun, b: TaskRun) => CAUSES.indexOf(a.state) - CAUSES.indexOf(b.state);
  const found = run.task_runs.filter((taskRun) => CAUSES.includes(taskRun.state));
  return found.toSorted((a, b) => byCause(a, b) || byEnd(a, b))[0] ?? null;
}

/** The task run to look at first: what failed, or else what has begun and not ended. */
export const firstToLookAt = (run: FlowRun): TaskRun | undefined =>
  firstFailure(run) ?? run.task_runs.find(({ state }) => !isTerminal(state) && state !== 'Pending');

/** Of child flow runs: states in which nothing goes on in them until something else happens. */
const STANDS_STILL = new Set(['Scheduled', 'Queued', 'Paused']);

/** What a task run looks like to people: its state, or that of a child flow run that stands still, and a word for it. */
export function appearanceOf(taskRun: TaskRun | undefined): { state: string; label: string } {
  const state = taskRun?.state ?? 'Pending';
  const child = taskRun?.child_state;
  if (state === 'Running' && child && STANDS_STILL.has(child)) {
    return { state: child, label: `Child ${labelOf(child).toLowerCase()}` };
  }
  return { state, label: taskRun?.is_held ? 'Waits for room' : labelOf(state) };
}

/** What task runs that limits of tags hold wait for: each limit's words once, with who waits for it. */
export function heldBy(run: FlowRun): [string, TaskRun[]][] {
  const held = run.task_runs.filter((one) => one.is_held || one.items?.held);
  return [...Map.groupBy(held, ({ message }) => message)];
}

/** Whether nothing of it has begun because no worker has had time for it, though some could. */
export const isUnclaimed = (run: FlowRun): boolean =>
  run.state === 'Pending' &&
  run.task_runs.some((one) => one.state === 'Submitted' && one.is_served && !one.is_held);

/** A next try that is nearer than this is not worth saying: it has begun before it is read. */
const SOON_MS = 10_000;

/** The task runs that wait for their next try, the nearest first. */
export function waitingForNextTry(run: FlowRun, now: number): TaskRun[] {
  const dueIn = ({ due_at: at }: TaskRun) => Date.parse(at ?? '') - now;
  return run.task_runs
    .filter((one) => one.state === 'Retrying' && one.due_at && dueIn(one) > SOON_MS)
    .toSorted((a, b) => dueIn(a) - dueIn(b));
}

export const canCancel = (run: FlowRun): boolean => !isTerminal(run.state) && run.state !== 'Cancelling';
export const canRestart = (run: FlowRun): boolean => isTerminal(run.state) && !isSuccessful(run.state);

export const canPause = (run: FlowRun): boolean => run.state === 'Pending' || run.state === 'Running';
/** Whether child flow runs are under way that a pause may hold with it; a mapped task has them in its items. */
export const waitsForChildren = (run: FlowRun): boolean =>
  run.task_runs.some((one) => one.state === 'Running' && Boolean(one.child_flow_run ?? one.items));
export const canResume = (run: FlowRun): boolean => run.state === 'Paused';
/** Whether its task runs can be restarted from, or marked: not before it has begun, nor while it is being cancelled. */
export const canMend = (run: FlowRun): boolean => !['Scheduled', 'Queued', 'Cancelling'].includes(run.state);

/** Whether a person with that role may answer what a paused task asks. */
export const mayAnswer = (task: Task | undefined, role: string | null): boolean =>
  role === 'editor' || (role === 'operator' && task?.role !== 'editor');

/** The task runs that wait for a person; those that pause for a time go on by themselves. */
export const waitingForPeople = (run: FlowRun): TaskRun[] =>
  run.task_runs.filter((taskRun) => taskRun.state === 'Paused');

/** `[["Success", 3], ["Running", 1]]`, ended states first. */
export function countStates(run: FlowRun): [string, number][] {
  const counts = new Map<string, number>();
  for (const { state } of run.task_runs) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].toSorted(([a], [b]) => Number(isTerminal(b)) - Number(isTerminal(a)));
}

/** State -> how many items, those that went wrong first, then what goes on, then what ended well. */
export function itemCounts(items: ItemCounts): [string, number][] {
  const rank = (state: string) => (isUnsuccessful(state) ? 0 : isTerminal(state) ? 2 : 1);
  return Object.entries(items.states).toSorted(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
}

const sum = (counts: [string, number][]) => counts.reduce((total, [, count]) => total + count, 0);

/** `7/10`: how many items of a mapped task have ended; `7/10, 1 failed`, and `1 of 10` once all have, of those that failed. */
export function itemsText({ number, states }: ItemCounts): string {
  const counts = Object.entries(states);
  const ended = sum(counts.filter(([state]) => isTerminal(state)));
  const failed = sum(counts.filter(([state]) => isUnsuccessful(state)));
  if (failed && ended === number) return `${failed} of ${number}`;
  return `${ended}/${number}${failed ? `, ${failed} failed` : ''}`;
}

export interface Bar {
  taskRun: TaskRun;
  /** Shares of the whole width, 0 to 1. */
  start: number;
  length: number;
}

/** A bar for each task run that has started, on the time from the first start to the last end (or now). */
export function timeline(run: FlowRun, now: number): Bar[] {
  const started = run.task_runs.filter((taskRun) => taskRun.started_at);
  const startOf = (taskRun: TaskRun) => Date.parse(taskRun.started_at ?? '');
  const endOf = (taskRun: TaskRun) => (taskRun.ended_at ? Date.parse(taskRun.ended_at) : now);
  const from = Math.min(...started.map(startOf));
  const span = Math.max(1, Math.max(...started.map(endOf)) - from);
  return started
    .toSorted((a, b) => startOf(a) - startOf(b))
    .map((taskRun) => ({
      taskRun,
      start: (startOf(taskRun) - from) / span,
      length: Math.max(0, endOf(taskRun) - startOf(taskRun)) / span,
    }));
}
