import { useStore } from '@xyflow/react';

const FAR = 0.3;

/** Whether the canvas is seen from so far away that nobody can read a card: then only colours speak. */
export const useIsFar = (): boolean => useStore((state) => state.transform[2] < FAR);
