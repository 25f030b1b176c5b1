import { getViewportForBounds, useReactFlow, useStoreApi, type Viewport } from '@xyflow/react';
import { useMemo } from 'react';
import type { Task } from '../core/graph';
import { CARD } from '../core/layout';
import { IS_DOWN } from './direction';

/** A chain of hundreds of tasks has to fit a window as well. */
export const MIN_ZOOM = 0.01;
/** In this size the cards of a part of the graph are read. */
const READABLE = 0.75;
/** Below this nobody makes out the cards: then a part of the graph is shown instead of all. */
const LEAST = IS_DOWN ? READABLE : 0.5;
export const FIT = { padding: IS_DOWN ? '16px' : '32px', maxZoom: 1.1, minZoom: MIN_ZOOM } as const;

export interface Camera {
  fit: () => void;
  /** Show all tasks if they can be made out, else where they begin, or where `first` is, in a size to read. */
  begin: (tasks: readonly Task[], first?: string) => void;
  /** Fit to these tasks, also those that are not drawn yet. */
  fitTo: (tasks: readonly Task[]) => void;
  zoomIn: () => void;
  zoomOut: () => void;
  actualSize: () => void;
  /** Bring a place into view, if it is not in it already. */
  reveal: (place: [number, number]) => void;
  /** The place on the canvas under a point of the window, for a card to be centred on. */
  placeAt: (x: number, y: number) => [number, number];
  /** The place in the middle of what is seen. */
  middle: () => [number, number];
}

const MARGIN = 24;

/** What can be done with the view of the canvas that this hook is used in. */
export function useCamera(): Camera {
  const flow = useReactFlow();
  const store = useStoreApi();
  return useMemo(() => {
    const placeAt = (x: number, y: number): [number, number] => {
      const point = flow.screenToFlowPosition({ x, y });
      return [Math.round(point.x - CARD.width / 2), Math.round(point.y - CARD.height / 2)];
    };
    return {
      begin: (tasks, first) => {
        const { width, height } = store.getState();
        const bounds = boundsOf(tasks);
        if (bounds) void flow.setViewport(beginning(bounds, placeOf(tasks, first), { width, height }));
      },
      fit: () => void flow.fitView(FIT),
      fitTo: (tasks) => {
        const { width, height } = store.getState();
        const bounds = boundsOf(tasks);
        if (bounds) {
          const view = getViewportForBounds(bounds, width, height, FIT.minZoom, FIT.maxZoom, FIT.padding);
          void flow.setViewport(view);
        }
      },
      zoomIn: () => void flow.zoomIn(),
      zoomOut: () => void flow.zoomOut(),
      actualSize: () => void flow.zoomTo(1),
      placeAt,
      middle: () => {
        const box = store.getState().domNode?.getBoundingClientRect() ?? new DOMRect();
        return placeAt(box.x + box.width / 2, box.y + box.height / 2);
      },
      reveal: ([x, y]) => {
        const { width, height, transform } = store.getState();
        if (!width) return;
        const [left, top, zoom] = transform;
        const dx = shiftInto(x * zoom + left, CARD.width * zoom, width);
        const dy = shiftInto(y * zoom + top, CARD.height * zoom, height);
        if (dx || dy) void flow.setViewport({ x: left + dx, y: top + dy, zoom }, { duration: 150 });
      },
    };
  }, [flow, store]);
}

interface Size {
  width: number;
  height: number;
}

type Bounds = Size & { x: number; y: number };

/** The view of `begin`, in a window of that size. */
function beginning(bounds: Bounds, first: [number, number] | undefined, window: Size): Viewport {
  const { width, height } = window;
  const all = getViewportForBounds(bounds, width, height, FIT.minZoom, FIT.maxZoom, FIT.padding);
  if (all.zoom >= LEAST) return all;
  const across = { start: bounds.x, size: bounds.width, card: CARD.width, first: first?.[0] };
  const down = { start: bounds.y, size: bounds.height, card: CARD.height, first: first?.[1] };
  return { x: shift(across, width, !IS_DOWN), y: shift(down, height, IS_DOWN), zoom: READABLE };
}

interface Extent {
  start: number;
  size: number;
  card: number;
  first: number | undefined;
}

/** How far the cards are moved along one axis: their middle in the middle, or their beginning at the beginning. */
function shift({ start, size, card, first }: Extent, room: number, isBegun: boolean): number {
  const middled = (at: number, length: number) => room / 2 - (at + length / 2) * READABLE;
  const centred = middled(start, size);
  if (size * READABLE <= room - 2 * MARGIN) return centred;
  const atBeginning = MARGIN - start * READABLE;
  const atEnd = room - MARGIN - (start + size) * READABLE;
  const begun = isBegun ? atBeginning : centred;
  const isSeen = first === undefined || shiftInto(first * READABLE + begun, card * READABLE, room) === 0;
  return isSeen ? begun : Math.min(atBeginning, Math.max(atEnd, middled(first, card)));
}

/** How far something from `start` on has to move to lie within `room`, with a margin. */
function shiftInto(start: number, size: number, room: number): number {
  if (start < MARGIN) return MARGIN - start;
  return Math.min(0, room - MARGIN - size - start);
}

const placeOf = (tasks: readonly Task[], slug: string | undefined): [number, number] | undefined =>
  tasks.find((task) => task.slug === slug)?.position;

function boundsOf(tasks: readonly Task[]): Bounds | null {
  const places = tasks.flatMap((task) => (task.position ? [task.position] : []));
  if (places.length === 0) return null;
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x + CARD.width, height: Math.max(...ys) - y + CARD.height };
}
