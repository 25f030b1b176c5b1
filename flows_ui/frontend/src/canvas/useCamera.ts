import { useReactFlow, useStoreApi } from '@xyflow/react';
import { useMemo } from 'react';
import { CARD } from '../core/layout';

export const FIT = { padding: 0.16, maxZoom: 1.1, minZoom: 0.1 } as const;

export interface Camera {
  fit: () => void;
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
      fit: () => void flow.fitView(FIT),
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
        const [left, top, zoom] = transform;
        const [sx, sy] = [x * zoom + left, y * zoom + top];
        const isSeen =
          sx >= MARGIN &&
          sy >= MARGIN &&
          sx + CARD.width * zoom <= width - MARGIN &&
          sy + CARD.height * zoom <= height - MARGIN;
        if (!isSeen) void flow.setCenter(x + CARD.width / 2, y + CARD.height / 2, { zoom });
      },
    };
  }, [flow, store]);
}
