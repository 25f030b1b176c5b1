/** Everything a person does in the editor. One object, made once; components and commands call it. */
import { type Binding, brokenBindings, withParameter } from '../core/bindings';
import { copyTasks, type Fragment, pasteTasks } from '../core/clipboard';
import { addControl, bindControl, isControl, unbindMerges, withInput } from '../core/control';
import {
  type Addable,
  APPROVAL,
  addApproval,
  addEdge,
  addFlow,
  EMPTY_GRAPH,
  edgeId,
  type FlowName,
  findTask,
  type Graph,
  moveTasks,
  nameOf,
  removeEdges,
  removeTasks,
  type Task,
  updateTask,
} from '../core/graph';
import { record, redo, undo } from '../core/history';
import { freePlace, layOut } from '../core/layout';
import { ancestorsOf, refusalOfEdge, refusedFrom } from '../core/reach';
import type { ParameterSchema } from '../core/schema';
import { type Direction, firstTask, walk } from '../core/walk';
import {
  chosenSlug,
  type Draft,
  type EditorState,
  type EditorStore,
  graphOf,
  type OpenDialog,
  type Pane,
} from './store';

export type Actions = ReturnType<typeof createActions>;

const NONE: ReadonlySet<string> = new Set();
const STEPS: Record<Direction, [number, number]> = {
  left: [-20, 0],
  right: [20, 0],
  up: [0, -20],
  down: [0, 20],
};
let noticeNumber = 0;

export function createActions(store: EditorStore) {
  const get = store.getState;
  const set = (change: Partial<EditorState>) => store.setState(change);
  const graph = () => graphOf(get());
  const name = (slug: string) => nameOf(graph(), slug);

  const say = (spoken: string) => set({ spoken });
  const toast = (text: string, tone: 'plain' | 'danger' = 'plain') => {
    noticeNumber += 1;
    set({ notices: [...get().notices.slice(-2), { id: noticeNumber, text, tone }] });
  };
  const edit = (title: string, change: (draft: Draft) => Draft, group: string | null = null): boolean => {
    if (!get().data.can_edit) return false;
    const { history } = get();
    set({ history: record(history, change(history.present), title, Date.now(), group) });
    return get().history !== history;
  };
  const editGraph = (title: string, change: (graph: Graph) => Graph, group: string | null = null) =>
    edit(title, (draft) => ({ ...draft, graph: change(draft.graph) }), group);
  const select = (tasks: Iterable<string>, edges: Iterable<string> = []) =>
    set({ tasks: new Set(tasks), edges: new Set(edges) });

  /** After an undo or redo, or when tasks went away: only what is there stays chosen. */
  const dropGone = () => {
    const { tasks, edges } = graph();
    const slugs = new Set(tasks.map((task) => task.slug));
    const ids = new Set(edges.map(edgeId));
    select(
      [...get().tasks].filter((slug) => slugs.has(slug)),
      [...get().edges].filter((id) => ids.has(id)),
    );
  };
  const travel = (move: typeof undo<Draft>, verb: string) => {
    const { history } = get();
    const next = move(history);
    if (next === history) return say(`Nothing to ${verb.toLowerCase()}.`);
    const title = (verb === 'Undo' ? history.past.at(-1) : history.future[0])?.title ?? '';
    set({ history: next });
    dropGone();
    say(`${verb}: ${title}.`);
  };
  const warnOfBroken = (before: Graph) => {
    const known = new Set(brokenBindings(before).map((broken) => `${broken.task.slug} ${broken.field}`));
    const fresh = brokenBindings(graph()).filter(
      (broken) => !known.has(`${broken.task.slug} ${broken.field}`),
    );
    const [first] = fresh;
    if (!first) return;
    const more = fresh.length > 1 ? ` (and ${fresh.length - 1} more)` : '';
    const field = first.field.replace(/^parameters\./, '');
    toast(
      `${first.task.name} reads ${field} from ${name(first.upstream)}, which is not upstream any more${more}.`,
    );
  };

  /** Add a task that starts `added`, or asks a person. */
  const addTask = (added: Addable, place?: [number, number]) => {
    let slug = '';
    const done = editGraph('Add task', (current) => {
      const at = place ?? freePlace(current, [...get().tasks]);
      const next = addTo(current, added, at);
      slug = next.slug;
      return next.graph;
    });
    if (!done) return;
    select([slug]);
    say(`${name(slug)} added. Press C to connect it.`);
  };

  const connect = (upstream: string, downstream: string): boolean => {
    const refusal = refusalOfEdge(graph(), upstream, downstream);
    if (refusal) {
      toast(refusal.message, 'danger');
      return false;
    }
    if (!editGraph('Add edge', (current) => joined(current, upstream, downstream))) return false;
    say(`Edge added: ${name(downstream)} waits for ${name(upstream)}.`);
    return true;
  };

  const disconnect = (ids: ReadonlySet<string>) => {
    const before = graph();
    if (!editGraph('Remove edge', (current) => unbindMerges(removeEdges(current, ids)))) return;
    dropGone();
    say(ids.size === 1 ? 'Edge removed.' : `${ids.size} edges removed.`);
    warnOfBroken(before);
  };

  const removeSelection = () => {
    const { tasks, edges } = get();
    if (tasks.size === 0 && edges.size === 0) return;
    const before = graph();
    const names = [...tasks].map(name).join(', ');
    const title = tasks.size ? `Delete ${names}` : 'Remove edge';
    if (!editGraph(title, (current) => unbindMerges(removeTasks(removeEdges(current, edges), tasks)))) return;
    select([]);
    say(tasks.size ? `${names} deleted.` : 'Edge removed.');
    warnOfBroken(before);
  };

  const paste = (fragment: Fragment, shift: [number, number] = [40, 40]) => {
    let slugs: string[] = [];
    const done = editGraph('Paste', (current) => {
      const pasted = pasteTasks(current, fragment, shift);
      slugs = pasted.slugs;
      return pasted.graph;
    });
    if (!done) return;
    select(slugs);
    say(`${slugs.length === 1 ? name(slugs[0] ?? '') : `${slugs.length} tasks`} pasted.`);
  };

  let lastJoining: { field: string; before: Graph; after: Graph } | null = null;

  /**
   * Change a binding; reading a task that is not upstream adds the edge, in one step.
   *
   * The next choice for the same field takes the place of the last, with the edge that was added for it: the keyboard
   * walks through a list by choosing one after the other.
   */
  const bindBy = (slug: string, field: string, binding: Binding | null, change: (task: Task) => Task) => {
    const shown = graph();
    const place = `${slug} ${field}`;
    const before = lastJoining?.field === place && lastJoining.after === shown ? lastJoining.before : shown;
    const task = findTask(before, slug);
    if (!task) return;
    const upstream = binding?.kind === 'upstream' ? binding.task : null;
    const needsEdge = upstream !== null && canBecomeUpstream(before, upstream, slug);
    const isNew = needsEdge && !ancestorsOf(shown, slug).has(upstream);
    const bound = updateTask(before, slug, change(task));
    const done = editGraph(
      `Change ${field}`,
      () => (needsEdge ? addEdge(bound, upstream, slug) : bound),
      binding && !isNew ? `${place} ${binding.kind}` : null,
    );
    lastJoining = done && needsEdge ? { field: place, before, after: graph() } : null;
    if (done && isNew) say(`Edge added: ${name(slug)} waits for ${name(upstream)}.`);
  };

  const setTask = (slug: string, change: Partial<Task>, field: string) =>
    editGraph(`Change ${field}`, (current) => updateTask(current, slug, change), `${slug} ${field}`);

  return {
    say,
    toast,
    select,
    addTask,
    connect,
    disconnect,
    removeSelection,
    paste,
    setTask,
    setFlow: (change: Pick<Graph, 'queue' | 'priority'>, field: string) =>
      editGraph(`Change ${field}`, (current) => ({ ...current, ...change }), `flow ${field}`),
    expire: (id: number) => set({ notices: get().notices.filter((notice) => notice.id !== id) }),
    open: (dialog: OpenDialog | null) => set({ dialog }),
    show: (pane: Pane) => set({ pane }),
    undo: () => travel(undo, 'Undo'),
    redo: () => travel(redo, 'Redo'),
    selectAll: () => select(graph().tasks.map((task) => task.slug)),
    move: (positions: ReadonlyMap<string, [number, number]>) =>
      editGraph('Move', (current) => moveTasks(current, positions)),
    nudge: (direction: Direction) => {
      const [dx, dy] = STEPS[direction];
      const chosen = graph().tasks.filter((task) => get().tasks.has(task.slug));
      const moved = chosen.map(({ slug, position: [x, y] = [0, 0] }): [string, [number, number]] => [
        slug,
        [x + dx, y + dy],
      ]);
      if (moved.length) editGraph('Move', (current) => moveTasks(current, new Map(moved)), 'nudge');
    },
    walk: (direction: Direction) => {
      const from = chosenSlug(get());
      const to = from ? walk(graph(), from, direction) : firstTask(graph());
      if (!to) return;
      select([to]);
      say(name(to));
    },
    tidy: () => {
      editGraph('Tidy up', (current) => moveTasks(current, layOut(current)));
      say('Tidied up.');
    },
    copySelection: (): Fragment | null => (get().tasks.size ? copyTasks(graph(), get().tasks) : null),
    duplicate: () => {
      if (get().tasks.size) paste(copyTasks(graph(), get().tasks), [40, 84]);
    },
    /** Bind a parameter of the child flow. */
    bind: (slug: string, parameter: string, binding: Binding | null) =>
      bindBy(slug, parameter, binding, (task) => withParameter(task, parameter, binding)),
    /** Bind an input of the task itself, such as the condition of a case. */
    bindInput: (slug: string, key: string, binding: Binding | null) =>
      bindBy(slug, key, binding, (task) => withInput(task, key, binding)),
    setSchema: (title: string, change: (schema: ParameterSchema) => ParameterSchema) =>
      edit(title, (draft) => ({ ...draft, schema: change(draft.schema) }), title),
    startDrawing: (from: string, direction: 'downstream' | 'upstream') =>
      set({ drawing: { from, direction, refused: refusedFrom(graph(), from, direction) } }),
    stopDrawing: () => set({ drawing: null }),
    /** The first example: A, then B and C, then D. */
    buildDiamond: (flows: FlowName[]) => {
      editGraph('Build the diamond', () => {
        const slugs: string[] = [];
        let built = EMPTY_GRAPH;
        for (const flow of flows) {
          const added = addFlow(built, flow, [0, 0]);
          slugs.push(added.slug);
          built = added.graph;
        }
        const [a = '', b = '', c = '', d = ''] = slugs;
        for (const [up, down] of [
          [a, b],
          [a, c],
          [b, d],
          [c, d],
        ] as const)
          built = addEdge(built, up, down);
        return moveTasks(built, layOut(built));
      });
      say('Four tasks added: A, then B and C, then D.');
    },
    clearSelection: () => set({ tasks: NONE, edges: NONE }),
  };
}

function addTo(graph: Graph, added: Addable, at: [number, number]): { graph: Graph; slug: string } {
  if (added === APPROVAL) return addApproval(graph, at);
  return isControl(added) ? addControl(graph, added, at) : addFlow(graph, added, at);
}

/** The graph with one edge more, which a case or a merge reads. */
const joined = (graph: Graph, upstream: string, downstream: string): Graph =>
  bindControl(addEdge(graph, upstream, downstream), upstream, downstream);

const canBecomeUpstream = (graph: Graph, upstream: string, downstream: string): boolean =>
  !ancestorsOf(graph, downstream).has(upstream) && refusalOfEdge(graph, upstream, downstream) === null;
