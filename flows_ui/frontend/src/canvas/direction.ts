import { type Graph, withoutHandlers } from '../core/graph';
import { laidDown, withPositions } from '../core/layout';

/** On a phone cards beside each other would be too small to read: there a graph that is looked at runs downwards. */
export const IS_DOWN = matchMedia('(max-width: 640px)').matches;

/** A graph to look at, with a place for every card that suits the screen. */
export function placedForScreen(graph: Graph): Graph {
  const shown = withoutHandlers(graph);
  return IS_DOWN ? laidDown(shown) : withPositions(shown);
}
