/** Graphs that tests build by hand. */
import { addEdge, addFlow, EMPTY_GRAPH, type Graph } from './graph';

/** A graph of flows with these names; an edge is written `A>B`. */
export function graphOf(names: string, edges = ''): Graph {
  const blank = [...names].reduce(
    (graph, name, index) => addFlow(graph, { project: 'examples', name }, [0, index * 100]).graph,
    EMPTY_GRAPH,
  );
  return edges
    .split(' ')
    .filter(Boolean)
    .reduce((graph, edge) => {
      const [upstream, downstream] = edge.split('>');
      return addEdge(graph, `Flow ${upstream}-1`, `Flow ${downstream}-1`);
    }, blank);
}

export const DIAMOND = graphOf('ABCD', 'A>B A>C B>D C>D');
