import { useStore } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import type { Task } from '../core/graph';
import { useCamera } from './useCamera';

/** Shows the beginning of the graph in a size that can be read, once the canvas is on the screen. */
export function BeginHere({ tasks }: { tasks: readonly Task[] }) {
  const camera = useCamera();
  const isShown = useStore((state) => state.panZoom !== null && state.width > 0 && state.height > 0);
  const hasBegun = useRef(false);
  useEffect(() => {
    if (!isShown || hasBegun.current) return;
    hasBegun.current = true;
    camera.begin(tasks);
  }, [isShown, camera, tasks]);
  return null;
}
