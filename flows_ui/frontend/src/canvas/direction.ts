import { type Graph, withoutHandlers } from '../core/graph';
import { laidDown, withPositions } from '../core/layout';

/** On a phone cards beside each other would be too small to read: there a graph runs downwards. */
export const IS_DOWN = matchMedia('(max-width: 640px)').matches;

const laid = new WeakMap<Graph, Graph>();

/** A graph to draw in: with the places that people gave, but on a phone laid out anew whenever it changes. */
export function placedToDraw(graph: Graph): Graph {
  if (!IS_DOWN) return graph;
  const known = laid.get(graph) ?? laidDown(graph);
  laid.set(graph, known);
  return known;
}

/** A graph to look at, with a place for every card that suits the screen. */
export function placedForScreen(graph: Graph): Graph {
  const shown = withoutHandlers(graph);
  return IS_DOWN ? laidDown(shown) : withPositions(shown);
}
