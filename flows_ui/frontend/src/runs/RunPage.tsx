import { ReactFlowProvider } from '@xyflow/react';
import { Info, ListTree, Waypoints } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import { type Camera, useCamera } from '../canvas/useCamera';
import { Viewer } from '../canvas/Viewer';
import type { CommandId } from '../core/commands';
import { findTask } from '../core/graph';
import { canMend, firstToLookAt } from '../core/runs';
import { type Direction, firstTask, walk } from '../core/walk';
import { Keys } from '../ui/Keys';
import { Notices } from '../ui/Notices';
import { type Handlers, useCommands } from '../ui/useCommands';
import { MarkDialog, RestartDialog } from './DeedDialogs';
import { answerFirst, togglePause } from './deeds';
import { RunCard } from './RunCard';
import { CancelDialog, RunAgainDialog } from './RunDialogs';
import { RunHeader } from './RunHeader';
import { RunPanel } from './RunPanel';
import {
  choose,
  chosenTaskRun,
  createRunStore,
  RunContext,
  type RunData,
  type RunPane,
  type RunState,
  type RunStore,
  shownTaskRun,
  useFollowing,
  useItemInAddress,
  useRun,
  useRunStore,
} from './store';
import { TaskRunPanel } from './TaskRunPanel';
import { TaskTable } from './TaskTable';

const NODE_TYPES = { card: RunCard };

/** The whole page of one flow run. */
export function RunPage({ data }: { data: RunData }) {
  const store = useMemo(() => createRunStore(data), [data]);
  return (
    <RunContext value={store}>
      <ReactFlowProvider>
        <Watch />
      </ReactFlowProvider>
    </RunContext>
  );
}

function Watch() {
  const store = useRunStore();
  const camera = useCamera();
  useFollowing(store);
  useItemInAddress(store);
  useTitle();
  useChosenInView(camera);
  const handlers = useMemo(() => makeHandlers(store, camera), [store, camera]);
  useCommands(handlers);
  const pane = useRun((state) => state.pane);
  const graph = useRun((state) => state.graph);
  const taskRun = useRun(chosenTaskRun);
  const shown = useRun((state) => state.item) ?? taskRun;
  const slug = taskRun?.slug;
  const first = useRun((state) => firstToLookAt(state.run)?.slug);
  const selected = useMemo(() => new Set(slug ? [slug] : []), [slug]);
  const notices = useRun((state) => state.notices);
  const spoken = useRun((state) => state.spoken);
  return (
    <div className="run" data-pane={pane}>
      <RunHeader />
      <div className="run__panes">
        <div className="run__main">
          <div
            className="canvas-wrap"
            role="application"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys walk the tasks of the canvas
            tabIndex={0}
            aria-label="Canvas. Arrow keys walk the tasks, question mark shows all keys."
          >
            <Viewer
              graph={graph}
              nodeTypes={NODE_TYPES}
              selected={selected}
              first={slug ?? first}
              onSelect={(found) => choose(store, found ? store.getState().bySlug.get(found) : null)}
            />
          </div>
          <TaskTable />
        </div>
        <div className="run__side">
          {shown ? <TaskRunPanel key={shown.id} taskRun={shown} /> : <RunPanel />}
        </div>
      </div>
      <PaneSwitch />
      <Dialogs works={Object.keys(handlers) as CommandId[]} />
      <Notices
        notices={notices}
        spoken={spoken}
        onExpire={(id) =>
          store.setState({ notices: store.getState().notices.filter((notice) => notice.id !== id) })
        }
      />
    </div>
  );
}

/** The tab says the state too: a long run is watched from another one. */
function useTitle(): void {
  const { state, flow } = useRun((found) => found.run);
  useEffect(() => {
    document.title = `${state}: ${flow} · Anabranch`;
  }, [state, flow]);
}

/** Whatever a task run was chosen by, its card is in view. */
function useChosenInView(camera: Camera): void {
  const graph = useRun((state) => state.graph);
  const slug = useRun(chosenTaskRun)?.slug;
  useEffect(() => {
    const place = slug && findTask(graph, slug)?.position;
    if (place) camera.reveal(place);
  }, [camera, graph, slug]);
}

function makeHandlers(store: RunStore, camera: Camera): Handlers {
  const get = store.getState;
  const go = (direction: Direction) => () => {
    const { graph, bySlug } = get();
    const from = chosenTaskRun(get())?.slug;
    const to = from ? walk(graph, from, direction) : firstTask(graph);
    if (!to) return;
    choose(store, bySlug.get(to));
  };
  const openChild = () => {
    const child = chosenTaskRun(get())?.child_flow_run;
    if (child) location.assign(`/flow-runs/${child}/`);
  };
  return {
    'walk.left': go('left'),
    'walk.right': go('right'),
    'walk.up': go('up'),
    'walk.down': go('down'),
    'task.open': openChild,
    'task.openChild': openChild,
    'select.none': () => choose(store, null),
    'canvas.fit': camera.fit,
    'canvas.zoomIn': camera.zoomIn,
    'canvas.zoomOut': camera.zoomOut,
    'canvas.actualSize': camera.actualSize,
    'run.answer': () => answerFirst(store),
    'run.restartFrom': () => {
      if (canAct(get()) && chosenTaskRun(get())) store.setState({ dialog: 'restartFrom' });
    },
    'run.mark': () => {
      if (canAct(get())) store.setState({ dialog: chosenTaskRun(get()) ? 'markTask' : 'mark' });
    },
    'run.pause': () => void togglePause(store),
    'flow.run': () => get().data.can_run && store.setState({ dialog: 'again' }),
    help: () => store.setState({ dialog: 'keys' }),
  };
}

const canAct = ({ data, run }: RunState): boolean => data.can_run && canMend(run);

function Dialogs({ works }: { works: CommandId[] }) {
  const store = useRunStore();
  const dialog = useRun((state) => state.dialog);
  const taskRun = useRun(shownTaskRun);
  const onClose = () => store.setState({ dialog: null });
  if (dialog === 'cancel') return <CancelDialog onClose={onClose} />;
  if (dialog === 'again') return <RunAgainDialog onClose={onClose} />;
  if (dialog === 'restart') return <RestartDialog onClose={onClose} from={null} />;
  if (dialog === 'restartFrom' && taskRun) return <RestartDialog onClose={onClose} from={taskRun} />;
  if (dialog === 'mark') return <MarkDialog onClose={onClose} taskRun={null} />;
  if (dialog === 'markTask' && taskRun) return <MarkDialog onClose={onClose} taskRun={taskRun} />;
  if (dialog === 'keys') return <Keys works={works} onClose={onClose} />;
  return null;
}

const PANES: [RunPane, string, typeof Info][] = [
  ['canvas', 'Canvas', Waypoints],
  ['tasks', 'Tasks', ListTree],
  ['details', 'Details', Info],
];

/** On a phone: which pane is seen. */
function PaneSwitch() {
  const store = useRunStore();
  const pane = useRun((state) => state.pane);
  return (
    <nav className="pane-switch" aria-label="Panes">
      {PANES.map(([name, label, Icon]) => (
        <button
          key={name}
          type="button"
          aria-current={pane === name ? 'true' : undefined}
          onClick={() => store.setState({ pane: name })}
        >
          <Icon aria-hidden="true" /> {label}
        </button>
      ))}
    </nav>
  );
}
