import { getViewportForBounds, useReactFlow, useStoreApi } from '@xyflow/react';
import { useMemo } from 'react';
import type { Task } from '../core/graph';
import { CARD } from '../core/layout';
import { IS_DOWN } from './direction';

/** A chain of hundreds of tasks has to fit a window as well. */
export const MIN_ZOOM = 0.01;
/** Below this nobody reads a card. */
const LEAST_READABLE = IS_DOWN ? 0.75 : 0.6;
export const FIT = { padding: IS_DOWN ? '16px' : '32px', maxZoom: 1.1, minZoom: MIN_ZOOM } as const;

export interface Camera {
  fit: () => void;
  /** Show where the tasks begin, and as much of them as can be read. */
  begin: (tasks: readonly Task[]) => void;
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
      begin: (tasks) => {
        const { width, height } = store.getState();
        const bounds = boundsOf(tasks);
        if (!bounds) return;
        const view = getViewportForBounds(bounds, width, height, LEAST_READABLE, FIT.maxZoom, FIT.padding);
        const isLonger = IS_DOWN
          ? bounds.height * view.zoom > height - 2 * MARGIN
          : bounds.width * view.zoom > width - 2 * MARGIN;
        const start = IS_DOWN ? { y: MARGIN - bounds.y * view.zoom } : { x: MARGIN - bounds.x * view.zoom };
        void flow.setViewport(isLonger ? { ...view, ...start } : view);
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

/** How far something from `start` on has to move to lie within `room`, with a margin. */
function shiftInto(start: number, size: number, room: number): number {
  if (start < MARGIN) return MARGIN - start;
  return Math.min(0, room - MARGIN - size - start);
}

function boundsOf(tasks: readonly Task[]): { x: number; y: number; width: number; height: number } | null {
  const places = tasks.flatMap((task) => (task.position ? [task.position] : []));
  if (places.length === 0) return null;
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x + CARD.width, height: Math.max(...ys) - y + CARD.height };
}
