import type { Graph } from '../core/graph';
import { laidDown, withPositions } from '../core/layout';

/** On a phone cards beside each other would be too small to read: there a graph that is looked at runs downwards. */
export const IS_DOWN = matchMedia('(max-width: 640px)').matches;

/** A graph to look at, with a place for every card that suits the screen. */
export const placedForScreen = (graph: Graph): Graph => (IS_DOWN ? laidDown(graph) : withPositions(graph));
