import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  type Connection,
  type FinalConnectionState,
  MiniMap,
  type NodeChange,
  type OnConnectStartParams,
  ReactFlow,
  SelectionMode,
} from '@xyflow/react';
import { Wand2 } from 'lucide-react';
import { type DragEvent, type ReactNode, useEffect, useMemo, useState } from 'react';
import { BeginHere } from '../canvas/BeginHere';
import { IconButton, ZoomControls } from '../canvas/Controls';
import { IS_DOWN } from '../canvas/direction';
import { type CanvasEdge, type CardNode, HANDLES, toEdges, toNodes } from '../canvas/elements';
import { type Camera, MIN_ZOOM } from '../canvas/useCamera';
import { useIsFar } from '../canvas/useIsFar';
import { MANY_TASKS } from '../canvas/Viewer';
import { refusalOfEdge } from '../core/reach';
import { focusCanvas } from '../ui/focus';
import { commandTitle } from '../ui/platform';
import type { Actions } from './actions';
import { ConnectHint } from './ConnectHint';
import { EditorCard } from './EditorCard';
import { FLOW_DRAG_TYPE, readDragged } from './Palette';
import { shownGraphOf, useEditor, useEditorStore } from './store';

const NODE_TYPES = { card: EditorCard };
const GRID: [number, number] = [20, 20];
const PAN_BUTTONS = [1, 2];
const ATTRIBUTION = { hideAttribution: true };

interface EditorCanvasProps {
  actions: Actions;
  camera: Camera;
  onTidy: () => void;
  children: ReactNode;
}

/** Where tasks are put, moved and joined by mouse or touch; keys act through the commands. */
export function EditorCanvas({ actions, camera, onTidy, children }: EditorCanvasProps) {
  const store = useEditorStore();
  const graph = useEditor(shownGraphOf);
  const chosenTasks = useEditor((state) => state.tasks);
  const chosenEdges = useEditor((state) => state.edges);
  const canEdit = useEditor((state) => state.data.can_edit);
  const direction = useEditor((state) => state.drawing?.direction);
  const [nodes, setNodes] = useState<CardNode[]>(() => toNodes(graph, chosenTasks, [], HANDLES.toDraw));
  const edges = useMemo(() => toEdges(graph, chosenEdges), [graph, chosenEdges]);
  // Where there is no card yet it would wait for the first one, and move it away from where it was dropped.
  const [beginsAtStart] = useState(graph.tasks.length > 0);
  const isLarge = nodes.length > MANY_TASKS;
  const isFar = useIsFar();

  useEffect(
    () => setNodes((before) => toNodes(graph, chosenTasks, before, HANDLES.toDraw)),
    [graph, chosenTasks],
  );

  const onNodesChange = (changes: NodeChange<CardNode>[]) => {
    setNodes((before) => applyNodeChanges(changes, before));
    const choices = changes.filter((change) => change.type === 'select');
    if (choices.length === 0) return;
    const tasks = new Set(store.getState().tasks);
    for (const { id, selected } of choices) selected ? tasks.add(id) : tasks.delete(id);
    actions.select(tasks, store.getState().edges);
  };
  const onEdgesChange = (changes: { type: string; id?: string; selected?: boolean }[]) => {
    const chosen = new Set(store.getState().edges);
    for (const { type, id, selected } of changes) {
      if (type === 'select' && id) selected ? chosen.add(id) : chosen.delete(id);
    }
    actions.select(store.getState().tasks, chosen);
  };
  const onMoved = (_: unknown, __: unknown, moved: CardNode[]) =>
    actions.move(
      new Map(
        moved.map(({ id, position }) => [
          id,
          [Math.round(position.x), Math.round(position.y)] as [number, number],
        ]),
      ),
    );
  const onConnectStart = (_: unknown, { nodeId, handleType }: OnConnectStartParams) => {
    if (nodeId) actions.startDrawing(nodeId, handleType === 'target' ? 'upstream' : 'downstream');
  };
  const onConnectEnd = (_: unknown, end: FinalConnectionState) => {
    actions.stopDrawing();
    if (end.isValid || !end.toNode || !end.fromNode) return;
    const [from, to] = [end.fromNode.id, end.toNode.id];
    const isUp = end.fromHandle?.type === 'target';
    const refusal = refusalOfEdge(graph, isUp ? to : from, isUp ? from : to);
    if (refusal && from !== to) actions.toast(refusal.message, 'danger');
  };
  const onDrop = (event: DragEvent) => {
    const flow = readDragged(event.dataTransfer);
    if (!flow) return;
    event.preventDefault();
    actions.addTask(flow, snapped(camera.placeAt(event.clientX, event.clientY)));
    focusCanvas();
  };

  return (
    <div
      className="canvas-wrap"
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys and commands act on the canvas
      tabIndex={0}
      aria-label="Canvas. Arrow keys walk the tasks, C connects, question mark shows all keys."
      data-connecting={direction}
      data-down={IS_DOWN || undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(FLOW_DRAG_TYPE)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
      }}
      onDrop={onDrop}
    >
      <ReactFlow<CardNode, CanvasEdge>
        className="canvas"
        data-far={isFar || undefined}
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onNodeDragStop={onMoved}
        onSelectionDragStop={(event, moved) => onMoved(event, null, moved)}
        onConnect={({ source, target }: Connection) => actions.connect(source, target)}
        onConnectStart={onConnectStart}
        onConnectEnd={onConnectEnd}
        isValidConnection={({ source, target }) => refusalOfEdge(graph, source, target) === null}
        onNodeClick={focusCanvas}
        onPaneClick={focusCanvas}
        onEdgeClick={focusCanvas}
        nodesDraggable={canEdit && !IS_DOWN}
        nodesConnectable={canEdit}
        nodesFocusable={false}
        edgesFocusable={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        connectOnClick={false}
        connectionRadius={12}
        snapToGrid
        snapGrid={GRID}
        selectionMode={SelectionMode.Partial}
        panOnScroll
        panOnDrag={IS_TOUCH ? true : PAN_BUTTONS}
        selectionOnDrag={!IS_TOUCH}
        zoomOnDoubleClick={false}
        onlyRenderVisibleElements={isLarge}
        minZoom={MIN_ZOOM}
        maxZoom={2}
        proOptions={ATTRIBUTION}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} color="var(--canvas-dot)" />
        {isLarge && !IS_DOWN && <MiniMap pannable zoomable ariaLabel="Map of the whole graph" />}
        <ZoomControls>
          {!IS_DOWN && (
            <IconButton
              name="Tidy up"
              title={commandTitle('canvas.tidy')}
              disabled={!canEdit}
              onClick={onTidy}
            >
              <Wand2 />
            </IconButton>
          )}
        </ZoomControls>
        {beginsAtStart && <BeginHere tasks={graph.tasks} />}
        <ConnectHint />
      </ReactFlow>
      {children}
    </div>
  );
}

const IS_TOUCH = matchMedia('(pointer: coarse)').matches;

const snapped = ([x, y]: [number, number]): [number, number] => [
  Math.round(x / GRID[0]) * GRID[0],
  Math.round(y / GRID[1]) * GRID[1],
];
