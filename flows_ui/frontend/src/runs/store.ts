/** What the run page knows: the run as it is now, the link to the server, and what is chosen. */
import { createContext, useContext, useEffect, useState } from 'react';
import { type StoreApi, useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { placedForScreen } from '../canvas/direction';
import { EMPTY_GRAPH, type Graph } from '../core/graph';
import { applyChange, type FlowRun, type TaskRun, taskRunsBySlug } from '../core/runs';
import { call } from '../net/api';
import { followRun, type Link } from '../net/liveRun';
import type { Notice } from '../ui/Notices';

export interface RunData {
  flow_run: FlowRun;
  graph: Graph | null;
  can_run: boolean;
  role: string | null;
  /** Of the flow; a run goes on with the version that it began with. */
  latest_version: number;
  /** Where the flow is drawn, for those who may. */
  edit_url: string | null;
  breadcrumbs: { label: string; url: string }[];
}

export type RunDialog = 'cancel' | 'again' | 'keys' | 'restart' | 'restartFrom' | 'mark' | 'markTask';

export type RunPane = 'canvas' | 'tasks' | 'details';

export interface RunState {
  data: RunData;
  graph: Graph;
  run: FlowRun;
  bySlug: ReadonlyMap<string, TaskRun>;
  link: Link;
  /** How often the socket has told of the run: what an older answer says is then not shown any more. */
  told: number;
  /** The id of the chosen task run. */
  chosen: string | null;
  /** The item of the chosen mapped task that is shown. */
  item: TaskRun | null;
  pane: RunPane;
  dialog: RunDialog | null;
  notices: Notice[];
  spoken: string;
}

export type RunStore = StoreApi<RunState>;

export function createRunStore(data: RunData): RunStore {
  const chosen = inAddress(data.flow_run);
  return createStore<RunState>(() => ({
    data,
    graph: placedForScreen(data.graph ?? EMPTY_GRAPH),
    run: data.flow_run,
    bySlug: taskRunsBySlug(data.flow_run),
    link: { kind: 'reconnecting' },
    told: 0,
    chosen,
    item: null,
    pane: chosen ? 'details' : 'canvas',
    dialog: null,
    notices: [],
    spoken: '',
  }));
}

/** Keep the store up to date as long as the page is open. */
export function useFollowing(store: RunStore): void {
  useEffect(() => {
    // Changes are from what the socket told before, not from what an answer to this page has shown in between.
    let followed = store.getState().run;
    const replace = (run: FlowRun) => {
      followed = run;
      store.setState({ run, bySlug: taskRunsBySlug(run), told: store.getState().told + 1 });
    };
    return followRun(store.getState().run.id, {
      onSnapshot: replace,
      onChange: (change, taskRuns) => {
        const shown = store.getState().run;
        const after = applyChange(followed, change, taskRuns);
        replace(after);
        if (after.state !== shown.state) store.setState({ spoken: `The flow run is ${after.state} now.` });
      },
      onLink: (link) => store.setState({ link }),
    });
  }, [store]);
}

/** Do something to the run and show what it came to, unless the socket has told of something newer meanwhile. */
export async function act(store: RunStore, path: string, body: unknown): Promise<void> {
  const { told } = store.getState();
  const run = await call<FlowRun>('POST', path, body);
  if (store.getState().told === told) store.setState({ run, bySlug: taskRunsBySlug(run) });
}

/** Show a task run beside the graph. The address says which, so that it can be handed to somebody else. */
export function choose(store: RunStore, taskRun: TaskRun | null | undefined): void {
  history.replaceState(null, '', taskRun ? placeOf(taskRun) : location.pathname);
  store.setState({
    chosen: taskRun?.id ?? null,
    item: null,
    spoken: taskRun ? `${taskRun.name}, ${taskRun.state}` : '',
  });
}

/** Show an item of the mapped task that is chosen; null: the task itself again. */
export function chooseItem(store: RunStore, item: TaskRun | null): void {
  const taskRun = item ?? chosenTaskRun(store.getState());
  history.replaceState(null, '', taskRun ? placeOf(taskRun) : location.pathname);
  store.setState({ item, spoken: item ? `${item.name} ${item.map_index}, ${item.state}` : '' });
}

/** Keep the item that is shown up to date: it is read again when the counts of its task change. */
export function useItemInAddress(store: RunStore): void {
  const taskRun = useStore(store, chosenTaskRun);
  const run = store.getState().run.id;
  const counts = JSON.stringify(taskRun?.items ?? null);
  const slug = taskRun?.slug;
  useEffect(() => {
    const index = slug && counts !== 'null' && itemIndex(location.hash, slug);
    if (!index) return;
    let isWanted = true;
    const query = new URLSearchParams({ slug, index });
    call<{ results: TaskRun[] }>('GET', `flow-runs/${run}/items/?${query}`)
      .then(({ results: [item] }) => isWanted && item && store.setState({ item }))
      .catch(() => undefined);
    return () => {
      isWanted = false;
    };
  }, [store, run, slug, counts]);
}

/** The `3` of `#load[3]`, where that is an item of `load`. */
function itemIndex(hash: string, slug: string): string | undefined {
  const place = decodeURIComponent(hash.slice(1));
  return place.startsWith(`${slug}[`) ? /^\[(\d+)\]$/.exec(place.slice(slug.length))?.[1] : undefined;
}

/** What follows the address of a flow run to show one of its task runs. */
export function placeOf({ slug, map_index: part }: TaskRun): string {
  return `#${encodeURIComponent(part !== null && part >= 0 ? `${slug}[${part}]` : slug)}`;
}

const inAddress = (run: FlowRun): string | null =>
  run.task_runs.find(
    (taskRun) => placeOf(taskRun) === location.hash || itemIndex(location.hash, taskRun.slug) !== undefined,
  )?.id ?? null;

export const chosenTaskRun = (state: RunState): TaskRun | undefined =>
  state.run.task_runs.find((taskRun) => taskRun.id === state.chosen);

/** The task run that the panel shows: an item of the chosen one, or itself. */
export const shownTaskRun = (state: RunState): TaskRun | undefined => state.item ?? chosenTaskRun(state);

export const RunContext = createContext<RunStore | null>(null);

export function useRunStore(): RunStore {
  const store = useContext(RunContext);
  if (!store) throw new Error('This component belongs inside the run page.');
  return store;
}

export const useRun = <T>(select: (state: RunState) => T): T => useStore(useRunStore(), select);

/** The time, anew every second while something is going on. */
export function useNow(isTicking: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isTicking) return;
    const tick = () => setNow(Date.now());
    tick();
    const timer = setInterval(tick, 1_000);
    return () => clearInterval(timer);
  }, [isTicking]);
  return now;
}
