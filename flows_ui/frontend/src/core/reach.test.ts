import { describe, expect, it } from 'vitest';
import ancestorCases from '../../../../tests/cases/graph_ancestors.json';
import edgeCases from '../../../../tests/cases/graph_edges.json';
import orderCases from '../../../../tests/cases/graph_orders.json';
import type { Graph } from './graph';
import { ancestorsOf, descendantsOf, refusalOfEdge, refusedFrom, topologicalOrder } from './reach';
import { DIAMOND } from './sample';

describe('refusalOfEdge', () => {
  it.each(edgeCases.cases)('$name', ({ graph, edge, refused }) => {
    const refusal = refusalOfEdge(graph as Graph, edge.upstream, edge.downstream);

    expect(refusal?.code ?? null).toBe(refused);
  });

  it('names the way round', () => {
    expect(refusalOfEdge(DIAMOND, 'Flow D-1', 'Flow A-1')?.message).toBe(
      'That would be a cycle: Flow A → Flow B → Flow D → Flow A.',
    );
  });
});

describe('refusedFrom', () => {
  it.each(edgeCases.cases)('agrees with refusalOfEdge: $name', ({ graph, edge, refused }) => {
    const isRefused = refused !== null;

    expect(refusedFrom(graph as Graph, edge.upstream).has(edge.downstream)).toBe(isRefused);
    expect(refusedFrom(graph as Graph, edge.downstream, 'upstream').has(edge.upstream)).toBe(isRefused);
  });
});

describe('ancestors and descendants', () => {
  it.each(ancestorCases.cases)('$name', ({ graph, task, ancestors, descendants }) => {
    expect([...ancestorsOf(graph as Graph, task)].sort()).toEqual(ancestors);
    expect([...descendantsOf(graph as Graph, task)].sort()).toEqual(descendants);
  });
});

describe('topologicalOrder', () => {
  it.each(orderCases.cases.filter((found) => found.layers))('$name', ({ graph, layers }) => {
    const order = topologicalOrder(graph as Graph);

    const found = (layers ?? []).map((_, depth) =>
      order.filter((entry) => entry.depth === depth).map((entry) => entry.slug),
    );
    expect(found).toEqual(layers);
  });

  it('puts the tasks of a cycle last', () => {
    const circle = orderCases.cases.find((found) => !found.layers)?.graph as Graph;

    expect(topologicalOrder(circle)).toHaveLength(2);
  });
});
