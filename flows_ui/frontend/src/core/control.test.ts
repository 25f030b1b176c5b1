import { describe, expect, it } from 'vitest';
import {
  addControl,
  bindControl,
  branchesOf,
  caseLabel,
  controlText,
  testOf,
  unbindMerges,
  withBranchEarlier,
  withInput,
  withTest,
} from './control';
import { addEdge, addFlow, EMPTY_GRAPH, findTask, type Graph, removeEdges, type Task } from './graph';

const flow = (graph: Graph, name: string) => addFlow(graph, { project: 'p', name }, [0, 0]).graph;

function drawn(): Graph {
  let graph = flow(flow(EMPTY_GRAPH, 'A'), 'B');
  graph = addControl(graph, 'case', [0, 0]).graph;
  graph = addControl(graph, 'merge', [0, 0]).graph;
  for (const [up, down] of [
    ['Flow A-1', 'Case-1'],
    ['Case-1', 'Flow B-1'],
    ['Flow B-1', 'Merge-1'],
    ['Flow A-1', 'Merge-1'],
  ] as const) {
    graph = bindControl(addEdge(graph, up, down), up, down);
  }
  return graph;
}

const task = (graph: Graph, slug: string) => findTask(graph, slug) as Task;

describe('cases', () => {
  it('read the upstream that is joined to them first', () => {
    const found = task(drawn(), 'Case-1');
    expect(found.inputs?.condition).toEqual({ kind: 'upstream', task: 'Flow A-1' });
    expect(testOf(found)).toBe('true');
    const other = bindControl(drawn(), 'Flow B-1', 'Case-1');
    expect(task(other, 'Case-1').inputs?.condition).toEqual({ kind: 'upstream', task: 'Flow A-1' });
  });

  it('ask for a value, or for what counts as true or false, never for both', () => {
    const found = task(drawn(), 'Case-1');
    const equals = withInput(withTest(found, 'equals'), 'value', { kind: 'literal', value: 'monday' });
    expect(Object.keys(equals.inputs ?? {}).sort()).toEqual(['condition', 'value']);
    expect(testOf(equals)).toBe('equals');
    const isFalse = withTest(equals, 'false');
    expect(Object.keys(isFalse.inputs ?? {}).sort()).toEqual(['condition', 'truthy']);
    expect(testOf(isFalse)).toBe('false');
  });

  it('say on their edges and cards what they ask', () => {
    const found = task(drawn(), 'Case-1');
    const value = { kind: 'literal', value: 'a value of many letters' } as const;
    const equals = withInput(withTest(found, 'equals'), 'value', value);
    expect(caseLabel(found)).toBe('true');
    expect(caseLabel(equals)).toBe('= "a value of many …');
    expect(caseLabel(task(drawn(), 'Flow A-1'))).toBeNull();
    expect(controlText(found)).toBe('Flow A-1 is true');
    expect(controlText(addControl(EMPTY_GRAPH, 'case', [0, 0]).graph.tasks[0] as Task)).toBe(
      'nothing yet is true',
    );
  });
});

describe('merges', () => {
  it('have a branch an edge, in the order they were drawn', () => {
    const merge = task(drawn(), 'Merge-1');
    expect(branchesOf(merge)).toEqual([
      { kind: 'upstream', task: 'Flow B-1' },
      { kind: 'upstream', task: 'Flow A-1' },
    ]);
    expect([merge.trigger, merge.skip_on_upstream_skip]).toEqual(['not_all_skipped', false]);
    expect(controlText(merge)).toBe('first of 2 branches');
    expect(bindControl(drawn(), 'Flow B-1', 'Merge-1')).toEqual(drawn());
  });

  it('take a branch earlier', () => {
    const merge = task(drawn(), 'Merge-1');
    expect(branchesOf(withBranchEarlier(merge, 1))).toEqual(branchesOf(merge).toReversed());
    expect(withBranchEarlier(merge, 0)).toBe(merge);
  });

  it('let go of a branch with its edge', () => {
    const graph = unbindMerges(removeEdges(drawn(), new Set([JSON.stringify(['Flow B-1', 'Merge-1'])])));
    expect(branchesOf(task(graph, 'Merge-1'))).toEqual([{ kind: 'upstream', task: 'Flow A-1' }]);
    expect(unbindMerges(graph)).toBe(graph);
  });
});
