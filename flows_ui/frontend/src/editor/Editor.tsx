import { ReactFlowProvider } from '@xyflow/react';
import { ListTree, SlidersHorizontal, SquareStack, Waypoints } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo } from 'react';
import { IS_DOWN } from '../canvas/direction';
import { type Camera, useCamera } from '../canvas/useCamera';
import { type Addable, findTask } from '../core/graph';
import type { Problem } from '../net/api';
import { focusCanvas } from '../ui/focus';
import { Keys } from '../ui/Keys';
import { Notices } from '../ui/Notices';
import { type Actions, createActions } from './actions';
import { ConnectDialog, DisconnectDialog } from './ConnectDialogs';
import { Details } from './Details';
import { EditorCanvas } from './EditorCanvas';
import { EmptyCanvas } from './EmptyCanvas';
import { Outline } from './Outline';
import { Palette } from './Palette';
import { Problems } from './Problems';
import { PublishDialog } from './PublishDialog';
import { RunDialog } from './RunDialog';
import { SaveTrouble } from './SaveBadge';
import {
  chosenSlug,
  createEditorStore,
  EditorContext,
  type EditorData,
  type EditorStore,
  graphOf,
  type Pane,
  shownGraphOf,
  useEditor,
  useEditorStore,
} from './store';
import { Toolbar } from './Toolbar';
import { showProblem, useEditorCommands, workingCommands } from './useEditorCommands';
import { useSaving } from './useSaving';

/** The whole editor of one flow of flows. */
export function Editor({ data }: { data: EditorData }) {
  const store = useMemo(() => createEditorStore(data), [data]);
  return (
    <EditorContext value={store}>
      <ReactFlowProvider>
        <Workbench />
      </ReactFlowProvider>
    </EditorContext>
  );
}

function Workbench() {
  const store = useEditorStore();
  const actions = useMemo(() => createActions(store), [store]);
  const camera = useCamera();
  const saving = useSaving(store);
  const handlers = useEditorCommands(store, actions, camera, saving);
  const pane = useEditor((state) => state.pane);
  useFittingPane(store, camera);
  const notices = useEditor((state) => state.notices);
  const spoken = useEditor((state) => state.spoken);

  const onAdd = (added: Addable) => {
    const isFirst = graphOf(store.getState()).tasks.length === 0;
    actions.addTask(added, isFirst ? camera.middle() : undefined);
    const slug = chosenSlug(store.getState());
    const place = slug && findTask(shownGraphOf(store.getState()), slug)?.position;
    if (place) requestAnimationFrame(() => camera.reveal(place));
  };
  const onShow = (problem: Problem) => {
    showProblem(store, actions, camera, problem);
    actions.show('details');
  };

  return (
    <div className="editor" data-pane={pane}>
      <Toolbar actions={actions} saving={saving} />
      <SaveTrouble saving={saving} />
      <div className="editor__panes">
        <div className="editor__left">
          <Palette actions={actions} onAdd={onAdd} />
          <Outline actions={actions} camera={camera} />
        </div>
        <div className="editor__middle">
          <EditorCanvas actions={actions} camera={camera} onTidy={() => handlers['canvas.tidy']?.()}>
            <EmptyCanvas actions={actions} camera={camera} onFind={() => handlers['palette.focus']?.()} />
          </EditorCanvas>
          <Problems onShow={onShow} />
        </div>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: Escape leaves whichever form is inside */}
        <div className="editor__right" onKeyDown={leaveOnEscape}>
          <Details actions={actions} />
        </div>
      </div>
      <PaneSwitch actions={actions} />
      <Dialogs actions={actions} saving={saving} onShow={onShow} works={workingCommands(handlers)} />
      <Notices notices={notices} spoken={spoken} onExpire={actions.expire} />
    </div>
  );
}

/** From a field back to the canvas, with what is chosen there still chosen. */
function leaveOnEscape(event: KeyboardEvent): void {
  if (event.key !== 'Escape') return;
  event.preventDefault();
  focusCanvas();
}

/** Milliseconds until the canvas has noticed its new size. */
const RESIZED = 60;

/** On a small screen the canvas changes its size with the pane below it: all of the graph, or what can be read. */
function useFittingPane(store: EditorStore, camera: Camera): void {
  useEffect(
    () =>
      store.subscribe((state, before) => {
        if (state.pane === before.pane || !matchMedia('(max-width: 860px)').matches) return;
        const { tasks } = shownGraphOf(state);
        const chosen = tasks.find((task) => task.slug === chosenSlug(state))?.position;
        setTimeout(() => {
          if (!IS_DOWN) return camera.fitTo(tasks);
          camera.begin(tasks);
          if (chosen) camera.reveal(chosen);
        }, RESIZED);
      }),
    [store, camera],
  );
}

interface DialogsProps {
  actions: Actions;
  saving: ReturnType<typeof useSaving>;
  onShow: (problem: Problem) => void;
  works: ReturnType<typeof workingCommands>;
}

function Dialogs({ actions, saving, onShow, works }: DialogsProps) {
  const dialog = useEditor((state) => state.dialog);
  const slug = useEditor(chosenSlug);
  const onClose = () => actions.open(null);
  if (dialog === 'keys') return <Keys works={works} onClose={onClose} />;
  if (dialog === 'publish') {
    return <PublishDialog actions={actions} saving={saving} onShow={onShow} onClose={onClose} />;
  }
  if (dialog === 'run') return <RunDialog saving={saving} onClose={onClose} />;
  if (dialog === 'connect' && slug) return <ConnectDialog slug={slug} actions={actions} onClose={onClose} />;
  if (dialog === 'disconnect' && slug) {
    return <DisconnectDialog slug={slug} actions={actions} onClose={onClose} />;
  }
  return null;
}

const PANES: [Pane, string, typeof Waypoints][] = [
  ['canvas', 'Canvas', Waypoints],
  ['flows', 'Flows', SquareStack],
  ['outline', 'Outline', ListTree],
  ['details', 'Details', SlidersHorizontal],
];

/** On a phone: which pane is seen. */
function PaneSwitch({ actions }: { actions: Actions }) {
  const pane = useEditor((state) => state.pane);
  return (
    <nav className="pane-switch" aria-label="Panes">
      {PANES.map(([name, label, Icon]) => (
        <button
          key={name}
          type="button"
          aria-current={pane === name ? 'true' : undefined}
          onClick={() => actions.show(name)}
        >
          <Icon aria-hidden="true" /> {label}
        </button>
      ))}
    </nav>
  );
}
