import { Background, BackgroundVariant, MiniMap, type NodeTypes, ReactFlow } from '@xyflow/react';
import { type ReactNode, useMemo } from 'react';
import type { Graph } from '../core/graph';
import { BeginHere } from './BeginHere';
import { ZoomControls } from './Controls';
import { IS_DOWN } from './direction';
import { HANDLES, toEdges, toNodes } from './elements';
import { MIN_ZOOM } from './useCamera';
import { useIsFar } from './useIsFar';

/** From this many tasks on only the cards in view are drawn, and a small map helps to find one's way. */
export const MANY_TASKS = 60;
const NOTHING: ReadonlySet<string> = new Set();
const ATTRIBUTION = { hideAttribution: true };

interface ViewerProps {
  /** As `placedForScreen` gives it. */
  graph: Graph;
  nodeTypes: NodeTypes;
  selected?: ReadonlySet<string>;
  onSelect?: (slug: string | null) => void;
  /** The task to look at first, where not all are in view. */
  first?: string | undefined;
  /** Part of a longer page: the wheel scrolls the page, not the canvas. */
  isEmbedded?: boolean;
  children?: ReactNode;
}

/** A canvas to look at: pan, zoom, choose a card. The state of cards comes from their own stores. */
export function Viewer({
  graph,
  nodeTypes,
  selected = NOTHING,
  onSelect,
  first,
  isEmbedded = false,
  children,
}: ViewerProps) {
  const nodes = useMemo(() => toNodes(graph, selected, [], HANDLES.toSee), [graph, selected]);
  const edges = useMemo(() => toEdges(graph, NOTHING), [graph]);
  const isLarge = nodes.length > MANY_TASKS;
  const isFar = useIsFar();
  return (
    <ReactFlow
      className="canvas"
      data-far={isFar || undefined}
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      elementsSelectable={onSelect !== undefined}
      disableKeyboardA11y
      deleteKeyCode={null}
      selectionKeyCode={null}
      onNodeClick={(_, node) => onSelect?.(node.id)}
      onPaneClick={() => onSelect?.(null)}
      onlyRenderVisibleElements={isLarge}
      minZoom={MIN_ZOOM}
      maxZoom={2}
      panOnScroll={!isEmbedded}
      zoomOnScroll={false}
      preventScrolling={!isEmbedded}
      zoomOnDoubleClick={false}
      proOptions={ATTRIBUTION}
    >
      <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} color="var(--canvas-dot)" />
      {isLarge && !IS_DOWN && <MiniMap pannable zoomable ariaLabel="Map of the whole graph" />}
      <ZoomControls />
      <BeginHere tasks={graph.tasks} first={first} />
      {children}
    </ReactFlow>
  );
}
