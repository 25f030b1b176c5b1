import { describe, expect, it } from 'vitest';
import { copyTasks, pasteTasks, readFragment } from './clipboard';
import {
  addApproval,
  addEdge,
  addFlow,
  distinctions,
  drawnEdges,
  edgeId,
  isSameFlow,
  moveTasks,
  nameOf,
  removeEdges,
  removeTasks,
  updateTask,
  withoutHandlers,
} from './graph';
import { DIAMOND, graphOf } from './sample';

describe('slugs', () => {
  it('number tasks of one name', () => {
    const { graph, slug } = addFlow(graphOf('A'), { project: 'examples', name: 'A' }, [0, 0]);

    expect(slug).toBe('Flow A-2');
    expect(nameOf(graph, slug)).toBe('Flow A-2');
    expect(nameOf(graphOf('A'), 'Flow A-1')).toBe('Flow A');
    expect([...distinctions(graph)]).toEqual([
      ['Flow A-1', '1'],
      ['Flow A-2', '2'],
    ]);
    expect(distinctions(updateTask(graph, slug, { name: 'other' })).size).toBe(0);
    expect(distinctions(updateTask(graph, slug, { slug: 'x', name: 'Flow A' })).get('x')).toBe('x');
  });

  it('do not collide after a task in the middle is gone', () => {
    const twice = addFlow(graphOf('A'), { project: 'examples', name: 'A' }, [0, 0]).graph;
    const second = removeTasks(twice, new Set(['Flow A-1']));

    expect(addFlow(second, { project: 'examples', name: 'A' }, [0, 0]).slug).toBe('Flow A-3');
  });
});

describe('edges', () => {
  it('are added once', () => {
    expect(addEdge(DIAMOND, 'Flow A-1', 'Flow B-1')).toBe(DIAMOND);
  });

  it('go with their task', () => {
    const graph = removeTasks(DIAMOND, new Set(['Flow B-1']));

    expect(graph.edges.map(edgeId)).toEqual([
      edgeId({ upstream: 'Flow A-1', downstream: 'Flow C-1' }),
      edgeId({ upstream: 'Flow C-1', downstream: 'Flow D-1' }),
    ]);
  });

  it('between two tasks are drawn, and removed, as one', () => {
    const keyed = {
      ...DIAMOND,
      edges: [...DIAMOND.edges, { upstream: 'Flow A-1', downstream: 'Flow B-1', key: 'x' }],
    };
    const id = edgeId({ upstream: 'Flow A-1', downstream: 'Flow B-1' });

    expect(drawnEdges(keyed)).toHaveLength(4);
    expect(removeEdges(keyed, new Set([id])).edges).toHaveLength(3);
  });
});

describe('isSameFlow', () => {
  it('ignores places and defaults written out', () => {
    const moved = moveTasks(DIAMOND, new Map([['Flow A-1', [9, 9]]]));

    expect(isSameFlow(DIAMOND, updateTask(moved, 'Flow B-1', { wait: true, max_retries: 0 }))).toBe(true);
  });

  it('ignores defaults of queues, caching and approvals, and of the whole flow', () => {
    const written = { ...DIAMOND, queue: '', priority: 0 };
    const rules = { queue: '', tags: [], cache_for_seconds: null, trigger_at_least: null, message: '' };

    expect(isSameFlow(DIAMOND, updateTask(written, 'Flow B-1', rules))).toBe(true);
  });

  it('sees a changed queue and a changed priority', () => {
    expect(isSameFlow(DIAMOND, { ...DIAMOND, queue: 'gpu' })).toBe(false);
    expect(isSameFlow(DIAMOND, { ...DIAMOND, priority: -5 })).toBe(false);
    expect(isSameFlow(DIAMOND, updateTask(DIAMOND, 'Flow D-1', { queue: 'gpu' }))).toBe(false);
  });

  it('sees a changed trigger', () => {
    expect(isSameFlow(DIAMOND, updateTask(DIAMOND, 'Flow D-1', { trigger: 'any_failed' }))).toBe(false);
  });
});

describe('edits', () => {
  it('keep every field that no form knows', () => {
    const unknown = {
      queue: 'large',
      cache_key: 'rows',
      result_serializer: 'pickle',
      digest: 'abc',
      priority_of_tomorrow: 1,
    };
    const graph = { ...updateTask(DIAMOND, 'Flow B-1', unknown), queue: 'gpu', tomorrow: true };
    const edited = removeEdges(
      addEdge(
        moveTasks(updateTask(graph, 'Flow B-1', { name: 'B' }), new Map([['Flow B-1', [1, 2]]])),
        'Flow B-1',
        'x',
      ),
      new Set(),
    );
    const left = removeTasks(edited, new Set(['Flow C-1']));

    expect(left).toMatchObject({ queue: 'gpu', tomorrow: true });
    expect(left.tasks.find((task) => task.slug === 'Flow B-1')).toMatchObject({ ...unknown, name: 'B' });
  });
});

describe('pasting', () => {
  it('gives copies their own slugs, edges and bindings', () => {
    const bound = updateTask(DIAMOND, 'Flow B-1', {
      inputs: {
        parameters: { kind: 'object', fields: { x: { kind: 'upstream', task: 'Flow A-1', path: 'rows' } } },
      },
    });
    const fragment = copyTasks(bound, new Set(['Flow A-1', 'Flow B-1']));

    const { graph, slugs } = pasteTasks(bound, fragment, [40, 40]);

    expect(slugs).toEqual(['Flow A-2', 'Flow B-2']);
    expect(graph.edges).toContainEqual({ upstream: 'Flow A-2', downstream: 'Flow B-2', key: null });
    expect(graph.tasks.at(-1)?.inputs?.parameters).toEqual({
      kind: 'object',
      fields: { x: { kind: 'upstream', task: 'Flow A-2', path: 'rows' } },
    });
  });

  it('reads only fragments from the clipboard', () => {
    const text = JSON.stringify(copyTasks(DIAMOND, new Set(['Flow A-1'])));

    expect(readFragment(text)?.tasks).toHaveLength(1);
    expect(readFragment('{"a": 1}')).toBeNull();
    expect(readFragment('hello')).toBeNull();
  });
});

describe('the tasks that call state handlers', () => {
  it('are not shown, nor their edges', () => {
    const graph = graphOf('ABC', 'A>B B>C');
    const handled = { ...graph, opening_task: 'Flow A-1', closing_task: 'Flow C-1' };

    expect(withoutHandlers(handled).tasks.map((task) => task.slug)).toEqual(['Flow B-1']);
    expect(withoutHandlers(handled).edges).toEqual([]);
    expect(withoutHandlers(graph)).toBe(graph);
  });
});

it('adds an approval, numbered like every task', () => {
  const first = addApproval(graphOf('A'), [0, 0]);
  const second = addApproval(first.graph, [40, 40]);

  expect([first.slug, second.slug]).toEqual(['Approval-1', 'Approval-2']);
  expect(second.graph.tasks.at(-1)).toMatchObject({ kind: 'approval', position: [40, 40] });
});
