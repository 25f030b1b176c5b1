/**
 * Places for cards: layers from left to right, few crossings, straight ways where they are possible.
 *
 * The classic layered method: each task in the layer after its last upstream, placeholders where an edge passes a
 * layer (so that it finds room between cards), sweeps that sort each layer by the middle of its neighbours and keep
 * the order with the fewest crossings, then heights pulled towards the neighbours without overlap.
 */
import { drawnEdges, type Graph } from './graph';
import { topologicalOrder } from './reach';

export const CARD = { width: 220, height: 64 } as const;
const GAP = { x: 96, y: 36, placeholder: 18 } as const;
const SWEEPS = 12;

interface Slot {
  id: string;
  isCard: boolean;
  before: Slot[];
  after: Slot[];
  y: number;
}

/** slug -> the upper left corner of its card. */
export function layOut(graph: Graph): Map<string, [number, number]> {
  const layers = orderedLayers(makeLayers(graph));
  setHeights(layers);
  const top = Math.min(0, ...layers.flat().map((slot) => slot.y));
  const places = layers.flatMap((layer, depth) =>
    layer
      .filter((slot) => slot.isCard)
      .map((slot): [string, [number, number]] => [
        slot.id,
        [depth * (CARD.width + GAP.x), Math.round(slot.y - top)],
      ]),
  );
  return new Map(places);
}

const DOWN = { row: CARD.height + 56, stretch: (CARD.width + 20) / (CARD.height + GAP.y) } as const;

/** The graph laid out from top to bottom, for a screen that is higher than wide. */
export function laidDown(graph: Graph): Graph {
  if (drawnEdges(graph).length === 0) return stacked(graph);
  const places = layOut(graph);
  const turned = (slug: string): [number, number] => {
    const [x, y] = places.get(slug) ?? [0, 0];
    return [Math.round(y * DOWN.stretch), (x / (CARD.width + GAP.x)) * DOWN.row];
  };
  return { ...graph, tasks: graph.tasks.map((task) => ({ ...task, position: turned(task.slug) })) };
}

/** Where no task waits for another, all are as far down: beside each other few of them would be seen. */
const stacked = (graph: Graph): Graph => ({
  ...graph,
  tasks: graph.tasks.map((task, index) => ({ ...task, position: [0, index * DOWN.row] })),
});

/** The graph with a place for every card: laid out whole if none has one, else the missing ones beside the others. */
export function withPositions(graph: Graph): Graph {
  if (graph.tasks.every((task) => task.position)) return graph;
  const places = layOut(graph);
  const isBlank = graph.tasks.every((task) => !task.position);
  const bottom = Math.max(...graph.tasks.map((task) => (task.position ? task.position[1] + CARD.height : 0)));
  const shift = isBlank ? 0 : bottom + GAP.y;
  return {
    ...graph,
    tasks: graph.tasks.map((task) => {
      const [x, y] = places.get(task.slug) ?? [0, 0];
      return task.position ? task : { ...task, position: [x, y + shift] };
    }),
  };
}

/** A free place for a new card: right of `beside`, or of everything, and below what stands there. */
export function freePlace(graph: Graph, beside: readonly string[]): [number, number] {
  const positions = graph.tasks.flatMap((task) => (task.position ? [task.position] : []));
  if (positions.length === 0) return [0, 0];
  const chosen = graph.tasks.filter((task) => beside.includes(task.slug)).map((task) => task.position);
  const [fromX, fromY] = chosen[0] ?? [Math.max(...positions.map(([x]) => x)), positions[0]?.[1] ?? 0];
  const x = fromX + CARD.width + GAP.x;
  let y = fromY;
  const isTaken = () =>
    positions.some(([px, py]) => Math.abs(px - x) < CARD.width && Math.abs(py - y) < CARD.height + 8);
  while (isTaken()) y += CARD.height + GAP.y;
  return [x, y];
}

function makeLayers(graph: Graph): Slot[][] {
  const order = topologicalOrder(graph);
  const depths = new Map(order.map(({ slug, depth }) => [slug, depth]));
  const layers: Slot[][] = Array.from(
    { length: Math.max(0, ...order.map(({ depth }) => depth)) + 1 },
    () => [],
  );
  const slots = new Map<string, Slot>();
  const put = (depth: number, id: string, isCard: boolean): Slot => {
    const slot: Slot = { id, isCard, before: [], after: [], y: 0 };
    layers[depth]?.push(slot);
    return slot;
  };
  for (const { slug, depth } of order) slots.set(slug, put(depth, slug, true));
  for (const { upstream, downstream } of drawnEdges(graph)) {
    const [start, end] = [slots.get(upstream), slots.get(downstream)];
    if (!start || !end) continue;
    let last = start;
    for (let depth = (depths.get(upstream) ?? 0) + 1; depth < (depths.get(downstream) ?? 0); depth += 1) {
      last = join(last, put(depth, `${upstream}>${downstream}`, false));
    }
    join(last, end);
  }
  return layers;
}

function join(before: Slot, after: Slot): Slot {
  before.after.push(after);
  after.before.push(before);
  return after;
}

function orderedLayers(layers: Slot[][]): Slot[][] {
  let best = layers;
  let fewest = crossings(layers);
  let current = layers;
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    current = sweepOnce(current, sweep % 2 === 0);
    const found = crossings(current);
    if (found < fewest) [best, fewest] = [current, found];
  }
  return best;
}

function sweepOnce(layers: Slot[][], isForward: boolean): Slot[][] {
  const next = [...layers];
  const place = new Map<Slot, number>();
  const remember = (layer: Slot[]) => {
    for (const [index, slot] of layer.entries()) place.set(slot, index);
  };
  const depths = [...layers.keys()];
  for (const depth of isForward ? depths : depths.toReversed()) {
    const layer = next[depth] ?? [];
    const middle = new Map(
      layer.map((slot, index) => {
        const around = (isForward ? slot.before : slot.after).map((other) => place.get(other) ?? 0);
        return [slot, around.length ? around.reduce((sum, at) => sum + at, 0) / around.length : index];
      }),
    );
    const sorted = layer.toSorted((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
    next[depth] = sorted;
    remember(sorted);
  }
  return next;
}

function crossings(layers: Slot[][]): number {
  let count = 0;
  for (const [depth, layer] of layers.entries()) {
    const place = new Map((layers[depth + 1] ?? []).map((slot, index) => [slot, index]));
    const ends = layer.flatMap((slot) =>
      slot.after.map((other) => place.get(other) ?? 0).toSorted((a, b) => a - b),
    );
    count += inversions(ends, place.size);
  }
  return count;
}

/** How many pairs stand in the wrong order, counted with a tree of sums. */
function inversions(values: readonly number[], size: number): number {
  const tree = new Array<number>(size + 1).fill(0);
  let count = 0;
  for (const [seen, value] of values.entries()) {
    let notLarger = 0;
    for (let at = value + 1; at > 0; at -= at & -at) notLarger += tree[at] ?? 0;
    count += seen - notLarger;
    for (let at = value + 1; at <= size; at += at & -at) tree[at] = (tree[at] ?? 0) + 1;
  }
  return count;
}

function setHeights(layers: Slot[][]): void {
  for (const layer of layers) settle(layer, () => 0);
  for (let round = 0; round < SWEEPS; round += 1) {
    const isForward = round % 2 === 0;
    for (const layer of isForward ? layers : layers.toReversed()) {
      settle(
        layer,
        (slot) => median((isForward ? slot.before : slot.after).map((other) => other.y)) ?? slot.y,
      );
    }
  }
}

/** Move each slot as near as possible to where it wants to be, keeping order and distance. */
function settle(layer: Slot[], wanted: (slot: Slot) => number): void {
  const groups: { slots: Slot[]; offsets: number[]; y: number }[] = [];
  for (const slot of layer) {
    let group = { slots: [slot], offsets: [0], y: wanted(slot) };
    for (let above = groups.at(-1); above && bottomOf(above) > group.y; above = groups.at(-1)) {
      groups.pop();
      group = merge(above, group);
    }
    groups.push(group);
  }
  for (const { slots, offsets, y } of groups) {
    for (const [index, slot] of slots.entries()) slot.y = y + (offsets[index] ?? 0);
  }
}

type Group = { slots: Slot[]; offsets: number[]; y: number };

const space = (slot: Slot): number => (slot.isCard ? CARD.height + GAP.y : GAP.placeholder + GAP.y);
const bottomOf = ({ slots, offsets, y }: Group): number => {
  const last = slots.at(-1);
  return y + (offsets.at(-1) ?? 0) + (last ? space(last) : 0);
};

function merge(above: Group, below: Group): Group {
  const distance = bottomOf({ ...above, y: 0 });
  const [n, m] = [above.slots.length, below.slots.length];
  return {
    slots: [...above.slots, ...below.slots],
    offsets: [...above.offsets, ...below.offsets.map((offset) => offset + distance)],
    y: (above.y * n + (below.y - distance) * m) / (n + m),
  };
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half)] ?? 0)) / 2;
}
