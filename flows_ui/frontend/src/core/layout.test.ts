import { expect, it } from 'vitest';
import type { Graph } from './graph';
import { CARD, freePlace, laidDown, layOut, withPositions } from './layout';
import { DIAMOND, graphOf } from './sample';

const overlaps = (places: [number, number][]) =>
  places.some(([x, y], index) =>
    places
      .slice(index + 1)
      .some(([ox, oy]) => Math.abs(x - ox) < CARD.width && Math.abs(y - oy) < CARD.height),
  );

it('lays a diamond out as one: the ends level with each other and between the arms', () => {
  const places = layOut(DIAMOND);
  const [a, b, c, d] = ['A', 'B', 'C', 'D'].map((name) => places.get(`Flow ${name}-1`) as [number, number]);

  expect(a?.[1]).toBe(d?.[1]);
  expect(a?.[1]).toBe(((b?.[1] ?? 0) + (c?.[1] ?? 0)) / 2);
  expect([a, b, d].map((place) => place?.[0])).toEqual([0, 316, 632]);
});

it('uncrosses two pairs', () => {
  const places = layOut(graphOf('ABCD', 'A>D B>C'));
  const y = (name: string) => places.get(`Flow ${name}-1`)?.[1] ?? 0;

  expect(Math.sign(y('A') - y('B'))).toBe(Math.sign(y('D') - y('C')));
});

it('lays a long edge past the cards between, not behind them', () => {
  const places = layOut(graphOf('ABC', 'A>B B>C A>C'));
  const y = (name: string) => places.get(`Flow ${name}-1`)?.[1] ?? 0;

  expect(y('B')).not.toBe(y('A'));
});

it('never puts one card on another, in a large graph either', () => {
  const graph = randomGraph(300);

  expect(overlaps([...layOut(graph).values()])).toBe(false);
  expect(overlaps(laidDown(graph).tasks.map((task) => task.position ?? [0, 0]))).toBe(false);
});

it('lays a diamond from top to bottom for a phone: two cards wide', () => {
  const places = laidDown(DIAMOND).tasks.map((task) => task.position ?? [0, 0]);

  expect(new Set(places.map(([, y]) => y)).size).toBe(3);
  expect(Math.max(...places.map(([x]) => x ?? 0))).toBe(CARD.width + 20);
});

it('gives a place to every task, in a cycle too', () => {
  expect(layOut(graphOf('ABC', 'A>B B>A B>C')).size).toBe(3);
});

it('leaves cards where they are and finds room for those without a place', () => {
  const graph = graphOf('AB');
  const [first] = graph.tasks;
  const partly = { ...graph, tasks: graph.tasks.map((task) => ({ ...task, position: undefined })) };
  partly.tasks[0] = { ...partly.tasks[0], position: first?.position } as (typeof partly.tasks)[0];

  const placed = withPositions(partly as Graph).tasks.map((task) => task.position as [number, number]);

  expect(placed[0]).toEqual(first?.position);
  expect(overlaps(placed)).toBe(false);
});

it('finds a free place beside the chosen card', () => {
  const graph = withPositions({ ...DIAMOND, tasks: DIAMOND.tasks.map((task) => ({ ...task })) });
  const place = freePlace(graph, ['Flow A-1']);

  expect(overlaps([...graph.tasks.map((task) => task.position as [number, number]), place])).toBe(false);
});

it('puts tasks that do not wait for each other one below the other on a phone', () => {
  const { tasks } = laidDown({ ...randomGraph(3), edges: [] });

  expect(tasks.map(({ position }) => position?.[0])).toEqual([0, 0, 0]);
  expect(overlaps(tasks.map((task) => task.position as [number, number]))).toBe(false);
});

function randomGraph(size: number): Graph {
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  const tasks = Array.from({ length: size }, (_, index) => ({
    slug: `t-${index}`,
    name: 't',
    kind: 'flow_run' as const,
  }));
  const edges = Array.from({ length: size * 2 }, () => {
    const downstream = 1 + next(size - 1);
    return { upstream: `t-${next(downstream)}`, downstream: `t-${downstream}` };
  });
  return { schema: 1, tasks, edges };
}
