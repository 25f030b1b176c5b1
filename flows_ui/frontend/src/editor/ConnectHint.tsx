import { useConnection } from '@xyflow/react';
import { useEffect, useState } from 'react';
import { createPortal } from 'react-dom';
import type { CardNode } from '../canvas/elements';
import { refusalOfEdge } from '../core/reach';
import { graphOf, useEditor } from './store';

/** Beside the pointer, while an edge is drawn onto a card where it cannot end: the reason. */
export function ConnectHint() {
  const graph = useEditor(graphOf);
  const direction = useEditor((state) => state.drawing?.direction);
  const from = useConnection<CardNode, string | undefined>((connection) => connection.fromNode?.id);
  const to = useConnection<CardNode, string | undefined>((connection) => connection.toNode?.id);
  const [pointer, setPointer] = useState<[number, number]>([0, 0]);
  useEffect(() => {
    if (!direction) return;
    const follow = (event: PointerEvent) => setPointer([event.clientX, event.clientY]);
    addEventListener('pointermove', follow);
    return () => removeEventListener('pointermove', follow);
  }, [direction]);

  if (!direction || !from || !to) return null;
  const refusal =
    direction === 'downstream' ? refusalOfEdge(graph, from, to) : refusalOfEdge(graph, to, from);
  if (!refusal || from === to) return null;
  return createPortal(
    <div className="connect-hint" role="status" style={{ left: pointer[0], top: pointer[1] }}>
      {refusal.message}
    </div>,
    document.body,
  );
}
