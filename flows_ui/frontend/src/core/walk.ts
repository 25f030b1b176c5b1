/** Where the arrow keys lead from a task: along edges to the left and right, to its neighbours up and down. */
import { findTask, type Graph } from './graph';
import { downstreamsOf, topologicalOrder, upstreamsOf } from './reach';

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The task that an arrow key leads to; the same one where there is none. */
export function walk(graph: Graph, slug: string, direction: Direction): string {
  if (direction === 'left' || direction === 'right') {
    const next = (direction === 'left' ? upstreamsOf(graph) : downstreamsOf(graph)).get(slug) ?? [];
    return nearest(graph, slug, next) ?? slug;
  }
  const column = columnOf(graph, slug);
  const step = direction === 'up' ? -1 : 1;
  return column[column.indexOf(slug) + step] ?? slug;
}

/** The first task in the order in which they start; null in an empty graph. */
export const firstTask = (graph: Graph): string | null => topologicalOrder(graph)[0]?.slug ?? null;

const yOf = (graph: Graph, slug: string): number => findTask(graph, slug)?.position?.[1] ?? 0;

function nearest(graph: Graph, slug: string, among: readonly string[]): string | undefined {
  const y = yOf(graph, slug);
  return among.toSorted((a, b) => Math.abs(yOf(graph, a) - y) - Math.abs(yOf(graph, b) - y))[0];
}

/** The tasks as deep in the graph as this one, from top to bottom. */
function columnOf(graph: Graph, slug: string): string[] {
  const order = topologicalOrder(graph);
  const depth = order.find((entry) => entry.slug === slug)?.depth;
  return order
    .filter((entry) => entry.depth === depth)
    .map((entry) => entry.slug)
    .toSorted((a, b) => yOf(graph, a) - yOf(graph, b));
}
