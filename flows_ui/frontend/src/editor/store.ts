/** What the editor knows. Only `actions.ts` changes it. */
import { createContext, useContext } from 'react';
import { type StoreApi, useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { placedToDraw } from '../canvas/direction';
import type { FlowName, Graph, Task } from '../core/graph';
import { type History, startHistory } from '../core/history';
import { withPositions } from '../core/layout';
import { EMPTY_SCHEMA, type ParameterSchema } from '../core/schema';
import type { Problem } from '../net/api';
import type { SaveState } from '../net/autosave';
import type { Notice } from '../ui/Notices';

/** What is edited, undone and saved: the graph with the flow's own parameters. */
export interface Draft {
  graph: Graph;
  schema: ParameterSchema;
}

export interface FlowItem extends FlowName {
  description: string;
  latest_version: number | null;
  parameter_schema: ParameterSchema | null;
  url?: string;
}

export interface EditorData {
  flow: FlowName & { description: string };
  draft: {
    graph: Graph;
    parameter_schema: ParameterSchema | null;
    revision: number;
    base_version?: number | null;
    problems: Problem[];
  };
  flows: FlowItem[];
  latest_version: number | null;
  can_edit: boolean;
  can_run: boolean;
  urls: { run: string; flow: string; schedule: string };
}

export type OpenDialog = 'publish' | 'run' | 'keys' | 'connect' | 'disconnect';
export type Pane = 'canvas' | 'flows' | 'outline' | 'details';

/** An edge on its way from a handle, and the tasks where it cannot end. */
export interface Drawing {
  from: string;
  direction: 'downstream' | 'upstream';
  refused: ReadonlySet<string>;
}

export interface EditorState {
  data: EditorData;
  history: History<Draft>;
  latestVersion: number | null;
  tasks: ReadonlySet<string>;
  edges: ReadonlySet<string>;
  problems: Problem[];
  saving: SaveState;
  drawing: Drawing | null;
  dialog: OpenDialog | null;
  /** The one pane that a phone shows. */
  pane: Pane;
  notices: Notice[];
  spoken: string;
}

export type EditorStore = StoreApi<EditorState>;

export function createEditorStore(data: EditorData): EditorStore {
  const draft: Draft = {
    graph: withPositions(data.draft.graph),
    schema: { ...EMPTY_SCHEMA, ...data.draft.parameter_schema },
  };
  return createStore<EditorState>(() => ({
    data,
    history: startHistory(draft),
    latestVersion: data.latest_version,
    tasks: new Set(),
    edges: new Set(),
    problems: data.draft.problems ?? [],
    saving: { kind: 'saved' },
    drawing: null,
    dialog: null,
    pane: 'canvas',
    notices: [],
    spoken: '',
  }));
}

export const graphOf = (state: EditorState): Graph => state.history.present.graph;
/** The graph as the canvas shows it. */
export const shownGraphOf = (state: EditorState): Graph => placedToDraw(graphOf(state));
export const schemaOf = (state: EditorState): ParameterSchema => state.history.present.schema;

/** The one chosen task; null if none or several are. */
export const chosenSlug = (state: EditorState): string | null =>
  state.tasks.size === 1 ? ([...state.tasks][0] ?? null) : null;

export const flowOf = (state: EditorState, task: Task): FlowItem | undefined =>
  state.data.flows.find((flow) => flow.project === task.flow?.project && flow.name === task.flow.name);

export const EditorContext = createContext<EditorStore | null>(null);

export function useEditorStore(): EditorStore {
  const store = useContext(EditorContext);
  if (!store) throw new Error('This component belongs inside the editor.');
  return store;
}

export const useEditor = <T>(select: (state: EditorState) => T): T => useStore(useEditorStore(), select);
