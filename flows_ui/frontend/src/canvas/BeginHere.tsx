import { useStore } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import type { Task } from '../core/graph';
import { useCamera } from './useCamera';

interface BeginHereProps {
  tasks: readonly Task[];
  /** The task to look at first, where not all are in view. */
  first?: string | undefined;
}

/** Shows the graph, or what can be read of it, once the canvas is on the screen. */
export function BeginHere({ tasks, first }: BeginHereProps) {
  const camera = useCamera();
  const isShown = useStore((state) => state.panZoom !== null && state.width > 0 && state.height > 0);
  const hasBegun = useRef(false);
  useEffect(() => {
    if (!isShown || hasBegun.current) return;
    hasBegun.current = true;
    camera.begin(tasks, first);
  }, [isShown, camera, tasks, first]);
  return null;
}
