/** The graph as the canvas library wants it. Sizes and handles are given, so that nothing needs to be measured. */
import {
  type Edge as CanvasEdge,
  type Node as CanvasNode,
  MarkerType,
  type NodeHandle,
  Position,
} from '@xyflow/react';
import { caseLabel } from '../core/control';
import { distinctions, drawnEdges, edgeId, type Graph, nameOf, type Task } from '../core/graph';
import { CARD } from '../core/layout';
import { aboutTask } from './about';
import { IS_DOWN } from './direction';

export interface CardData extends Record<string, unknown> {
  task: Task;
  /** The flow that it starts, or what it does. */
  about: string;
  /** What tells it from others of its name. */
  distinction?: string | undefined;
}

export type CardNode = CanvasNode<CardData, 'card'>;
export type { CanvasEdge };

const GRIP = 14;

/** Handles to draw edges with, and points that edges end at where nothing is drawn: as the screen has them. */
export const HANDLES = {
  toDraw: IS_DOWN ? handlesAboveAndBelow(GRIP) : handlesBeside(GRIP),
  toSee: IS_DOWN ? handlesAboveAndBelow(0) : handlesBeside(0),
} as const;

function handlesBeside(size: number): NodeHandle[] {
  const common = { y: (CARD.height - size) / 2, width: size, height: size };
  return [
    { ...common, type: 'target', position: Position.Left, x: -size / 2 },
    { ...common, type: 'source', position: Position.Right, x: CARD.width - size / 2 },
  ];
}

function handlesAboveAndBelow(size: number): NodeHandle[] {
  const common = { x: (CARD.width - size) / 2, width: size, height: size };
  return [
    { ...common, type: 'target', position: Position.Top, y: -size / 2 },
    { ...common, type: 'source', position: Position.Bottom, y: CARD.height - size / 2 },
  ];
}

const LABEL_PADDING: [number, number] = [6, 3];
const MARKER = { type: MarkerType.ArrowClosed, width: 16, height: 16, color: 'var(--edge)' };
const CHOSEN_MARKER = { ...MARKER, color: 'var(--accent)' };

/** The cards of a graph. Cards of `before` that did not change stay the same objects, which keeps drawing cheap. */
export function toNodes(
  graph: Graph,
  selected: ReadonlySet<string>,
  before: readonly CardNode[],
  ends: NodeHandle[],
): CardNode[] {
  const apart = distinctions(graph);
  const old = new Map(before.map((node) => [node.id, node]));
  return graph.tasks.map((task) => {
    const known = old.get(task.slug);
    const isSelected = selected.has(task.slug);
    const [x, y] = task.position ?? [0, 0];
    const about = aboutTask(graph, task);
    const distinction = apart.get(task.slug);
    const isSame =
      known?.data.task === task &&
      known.data.about === about &&
      known.data.distinction === distinction &&
      known.selected === isSelected &&
      known.position.x === x &&
      known.position.y === y;
    if (isSame) return known;
    return {
      id: task.slug,
      type: 'card',
      data: { task, about, distinction },
      position: { x, y },
      width: CARD.width,
      height: CARD.height,
      measured: CARD,
      handles: ends,
      selected: isSelected,
      zIndex: isSelected ? 1 : 0,
    };
  });
}

export function toEdges(graph: Graph, selected: ReadonlySet<string>): CanvasEdge[] {
  const labels = new Map(graph.tasks.map((task) => [task.slug, caseLabel(task)]));
  return drawnEdges(graph).map((edge) => {
    const id = edgeId(edge);
    const isSelected = selected.has(id);
    const label = labels.get(edge.upstream);
    return {
      id,
      source: edge.upstream,
      target: edge.downstream,
      selected: isSelected,
      markerEnd: isSelected ? CHOSEN_MARKER : MARKER,
      ...(label && { label, labelBgPadding: LABEL_PADDING, labelBgBorderRadius: 6 }),
      ariaLabel: `${nameOf(graph, edge.downstream)} waits for ${nameOf(graph, edge.upstream)}${label ? `, if ${label}` : ''}`,
      domAttributes: { 'data-edge': `${edge.upstream} > ${edge.downstream}` } as CanvasEdge['domAttributes'],
    };
  });
}
