/** What comes before and after a task, in which order tasks can start, and which edges would be wrong. */
import { type Graph, nameOf } from './graph';

export interface Refusal {
  code: 'self_edge' | 'duplicate_edge' | 'cycle';
  message: string;
}

type Neighbours = ReadonlyMap<string, readonly string[]>;

const neighbours = (graph: Graph, from: 'upstream' | 'downstream', to: 'upstream' | 'downstream') => {
  const found = new Map<string, string[]>(graph.tasks.map((task) => [task.slug, []]));
  for (const edge of graph.edges) {
    const list = found.get(edge[from]);
    if (list && !list.includes(edge[to])) list.push(edge[to]);
  }
  return found;
};

/** slug -> slugs of its direct upstreams. */
export const upstreamsOf = (graph: Graph): Neighbours => neighbours(graph, 'downstream', 'upstream');

/** slug -> slugs of its direct downstreams. */
export const downstreamsOf = (graph: Graph): Neighbours => neighbours(graph, 'upstream', 'downstream');

function reach(slug: string, next: Neighbours): Set<string> {
  const seen = new Set<string>();
  const ahead = [...(next.get(slug) ?? [])];
  for (let found = ahead.pop(); found !== undefined; found = ahead.pop()) {
    if (seen.has(found)) continue;
    seen.add(found);
    ahead.push(...(next.get(found) ?? []));
  }
  return seen;
}

/** Everything that ends before the task starts. */
export const ancestorsOf = (graph: Graph, slug: string): Set<string> => reach(slug, upstreamsOf(graph));

/** Everything that starts after the task ended. */
export const descendantsOf = (graph: Graph, slug: string): Set<string> => reach(slug, downstreamsOf(graph));

/** The tasks from `start` to `end` along edges, both included; null if no way leads there. */
function pathBetween(graph: Graph, start: string, end: string): string[] | null {
  const next = downstreamsOf(graph);
  const cameFrom = new Map<string, string>([[start, start]]);
  const ahead = [start];
  for (let slug = ahead.shift(); slug !== undefined; slug = ahead.shift()) {
    if (slug === end) {
      const path = [end];
      for (let at = end; at !== start; path.unshift(at)) at = cameFrom.get(at) ?? start;
      return path;
    }
    for (const found of next.get(slug) ?? []) {
      if (cameFrom.has(found)) continue;
      cameFrom.set(found, slug);
      ahead.push(found);
    }
  }
  return null;
}

/** Why there may be no edge from `upstream` to `downstream`; null if there may. */
export function refusalOfEdge(graph: Graph, upstream: string, downstream: string): Refusal | null {
  const [before, after] = [nameOf(graph, upstream), nameOf(graph, downstream)];
  if (upstream === downstream) {
    return { code: 'self_edge', message: `${before} cannot wait for itself.` };
  }
  if (graph.edges.some((edge) => edge.upstream === upstream && edge.downstream === downstream)) {
    return { code: 'duplicate_edge', message: `${after} already waits for ${before}.` };
  }
  const circle = pathBetween(graph, downstream, upstream);
  if (circle) {
    const way = [...circle, downstream].map((slug) => nameOf(graph, slug)).join(' → ');
    return { code: 'cycle', message: `That would be a cycle: ${way}.` };
  }
  return null;
}

/** The tasks that cannot be at the far end of an edge drawn from `slug`; `refusalOfEdge` says why. */
export function refusedFrom(
  graph: Graph,
  slug: string,
  direction: 'downstream' | 'upstream' = 'downstream',
): Set<string> {
  const isDown = direction === 'downstream';
  const circular = isDown ? ancestorsOf(graph, slug) : descendantsOf(graph, slug);
  const joined = (isDown ? downstreamsOf(graph) : upstreamsOf(graph)).get(slug) ?? [];
  return new Set([slug, ...joined, ...circular]);
}

export interface Ordered {
  slug: string;
  /** How many tasks lie before it on its longest way from a start. */
  depth: number;
}

/** All tasks, each after its upstreams; the tasks of a cycle come last, in the order of the document. */
export function topologicalOrder(graph: Graph): Ordered[] {
  const [before, after] = [upstreamsOf(graph), downstreamsOf(graph)];
  const waiting = new Map([...before].map(([slug, list]) => [slug, list.length]));
  const depths = new Map<string, number>();
  const ready = graph.tasks.map((task) => task.slug).filter((slug) => waiting.get(slug) === 0);
  for (const slug of ready) {
    const depth = Math.max(-1, ...(before.get(slug) ?? []).map((upstream) => depths.get(upstream) ?? 0)) + 1;
    depths.set(slug, depth);
    for (const found of after.get(slug) ?? []) {
      const left = (waiting.get(found) ?? 0) - 1;
      waiting.set(found, left);
      if (left === 0) ready.push(found);
    }
  }
  const deepest = Math.max(-1, ...depths.values());
  const circular = graph.tasks.map((task) => task.slug).filter((slug) => !depths.has(slug));
  return [
    ...ready.map((slug) => ({ slug, depth: depths.get(slug) ?? 0 })).toSorted((a, b) => a.depth - b.depth),
    ...circular.map((slug) => ({ slug, depth: deepest + 1 })),
  ];
}
