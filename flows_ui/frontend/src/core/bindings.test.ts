import { describe, expect, it } from 'vitest';
import {
  brokenBindings,
  describeBinding,
  isMapped,
  parameterBindings,
  pathProblem,
  placesIn,
  resultOf,
  withParameter,
} from './bindings';
import { edgeId, findTask, type Graph, removeEdges, type Task } from './graph';
import { DIAMOND } from './sample';

const taskB = findTask(DIAMOND, 'Flow B-1') as Task;
const bound = withParameter(taskB, 'rows', { kind: 'upstream', task: 'Flow A-1', path: 'rows' });
const graph: Graph = {
  ...DIAMOND,
  tasks: DIAMOND.tasks.map((task) => (task.slug === bound.slug ? bound : task)),
};

it('sets and unsets a parameter', () => {
  expect(parameterBindings(bound)).toEqual({ rows: { kind: 'upstream', task: 'Flow A-1', path: 'rows' } });
  expect(parameterBindings(withParameter(bound, 'rows', null))).toEqual({});
});

it('writes a whole result as the server keeps it, so that a published draft is the same flow', () => {
  expect(resultOf('Flow A-1', '')).toStrictEqual({ kind: 'upstream', task: 'Flow A-1' });
  expect(resultOf('Flow A-1', 'rows[0]')).toStrictEqual({
    kind: 'upstream',
    task: 'Flow A-1',
    path: 'rows[0]',
  });
});

it('finds bindings that lost their edge', () => {
  const id = edgeId({ upstream: 'Flow A-1', downstream: 'Flow B-1' });

  expect(brokenBindings(graph)).toEqual([]);
  expect(brokenBindings(removeEdges(graph, new Set([id])))).toMatchObject([
    { field: 'parameters.rows', upstream: 'Flow A-1' },
  ]);
});

it('says a binding in words', () => {
  const name = () => 'Flow A';

  expect(describeBinding({ kind: 'upstream', task: 'x', path: 'a[0]' }, name)).toBe(
    'result of Flow A at a[0]',
  );
  expect(describeBinding({ kind: 'literal', value: [1] }, name)).toBe('[1]');
  expect(
    describeBinding({ kind: 'item', of: { kind: 'flat', of: { kind: 'upstream', task: 'x' } } }, name),
  ).toBe('each item of flattened result of Flow A');
});

it('finds the bindings inside items', () => {
  const items = withParameter(taskB, 'rows', { kind: 'item', of: { kind: 'upstream', task: 'Flow A-1' } });
  const found = { ...graph, tasks: graph.tasks.map((task) => (task.slug === items.slug ? items : task)) };

  expect(brokenBindings(found)).toEqual([]);
  expect(brokenBindings({ ...found, edges: [] })).toMatchObject([{ upstream: 'Flow A-1' }]);
});

it.each(['', 'rows', 'rows[0].id', '[2][3].x'])('accepts the path %j', (path) => {
  expect(pathProblem(path)).toBeNull();
});

it.each(['rows[', 'rows[x]', 'a..b'])('refuses the path %j', (path) => {
  expect(pathProblem(path)).not.toBeNull();
});

describe('mapped tasks', () => {
  it('have an item somewhere in their inputs', () => {
    const item = { kind: 'item', of: { kind: 'upstream', task: 'Flow A-1' } } as const;
    const task = { slug: 'f-1', name: 'f', kind: 'function' } as const;

    expect(isMapped({ ...task, inputs: { rows: item } })).toBe(true);
    expect(isMapped({ ...task, inputs: { parameters: { kind: 'object', fields: { day: item } } } })).toBe(
      true,
    );
    expect(isMapped({ ...task, inputs: { rows: item.of } })).toBe(false);
    expect(isMapped(task)).toBe(false);
  });
});

it('offers the places in a result, the outer ones first', () => {
  expect(placesIn({ rows: [{ id: 1 }, { id: 2 }], table: 'orders', none: null, 'a.b': 1 })).toEqual([
    'rows',
    'table',
    'none',
    'rows[0]',
    'rows[0].id',
  ]);
  expect(placesIn([[1]])).toEqual(['[0]', '[0][0]']);
  expect([placesIn(5), placesIn(null), placesIn(undefined), placesIn([])]).toEqual([[], [], [], []]);
});
