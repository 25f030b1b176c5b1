import { describe, expect, it } from 'vitest';
import {
  appearanceOf,
  applyChange,
  canCancel,
  canMend,
  canPause,
  canRestart,
  canResume,
  countStates,
  type FlowRun,
  firstFailure,
  firstToLookAt,
  heldBy,
  isUnclaimed,
  itemsText,
  mayAnswer,
  type TaskRun,
  taskRunsBySlug,
  timeline,
  waitingForNextTry,
  waitingForPeople,
  waitsForChildren,
} from './runs';
import { labelOf, meaningOf } from './states';
import { durationText, secondsBetween } from './time';

const at = (second: number) => new Date(Date.UTC(2026, 10, 22, 9, 30, second)).toISOString();

const taskRun = (slug: string, state: string, fields: Partial<TaskRun> = {}) =>
  ({
    id: slug,
    slug,
    name: slug,
    map_index: null,
    state,
    message: '',
    attempt: 1,
    started_at: null,
    ended_at: null,
    ...fields,
  }) as TaskRun;

const run = (state: string, ...taskRuns: TaskRun[]) => ({ id: 'r', state, task_runs: taskRuns }) as FlowRun;

it('replaces what changed and keeps the rest as it was', () => {
  const before = run('Running', taskRun('A', 'Running'), taskRun('B', 'Pending'));

  const after = applyChange(before, { state: 'Failed' }, [taskRun('A', 'Failed'), taskRun('C', 'Pending')]);

  expect(after.state).toBe('Failed');
  expect(after.task_runs.map((found) => `${found.slug} ${found.state}`)).toEqual([
    'A Failed',
    'B Pending',
    'C Pending',
  ]);
  expect(after.task_runs[1]).toBe(before.task_runs[1]);
});

it('shows first what failed, else what has begun and not ended, else nothing in particular', () => {
  const [done, runs, waits] = [taskRun('A', 'Success'), taskRun('B', 'Retrying'), taskRun('C', 'Pending')];

  expect(firstToLookAt(run('Running', done, runs, taskRun('D', 'Failed')))?.slug).toBe('D');
  expect(firstToLookAt(run('Running', done, waits, runs))?.slug).toBe('B');
  expect(firstToLookAt(run('Pending', waits))).toBeUndefined();
  expect(firstToLookAt(run('Success', done))).toBeUndefined();
});

it('looks first at what failed by itself, not at what followed from it', () => {
  const failed = run(
    'Failed',
    taskRun('D', 'TriggerFailed', { ended_at: at(1) }),
    taskRun('C', 'Failed', { ended_at: at(3) }),
    taskRun('B', 'Failed', { ended_at: at(2) }),
  );

  expect(firstFailure(failed)?.slug).toBe('B');
  const ofCancelledChild = run(
    'Failed',
    taskRun('A', 'Cancelled', { ended_at: at(1) }),
    taskRun('B', 'TriggerFailed', { ended_at: at(1) }),
  );
  expect(firstFailure(ofCancelledChild)?.slug).toBe('A');
  expect(firstFailure(run('Cancelled', taskRun('A', 'Cancelled')))).toBeNull();
  expect(firstFailure(run('Success', taskRun('A', 'Success')))).toBeNull();
});

describe('what can be done', () => {
  it.each([
    ['Running', true, false],
    ['Scheduled', true, false],
    ['Cancelling', false, false],
    ['Failed', false, true],
    ['Cancelled', false, true],
    ['Success', false, false],
  ])('with a run that is %s', (state, cancel, restart) => {
    expect([canCancel(run(state)), canRestart(run(state))]).toEqual([cancel, restart]);
  });
});

it('shows the parent of mapped task runs on the card', () => {
  const mapped = run(
    'Running',
    taskRun('A', 'Running', { id: 'part', map_index: 0 }),
    taskRun('A', 'Success', { id: 'whole', map_index: -1 }),
  );

  expect(taskRunsBySlug(mapped).get('A')?.id).toBe('whole');
});

it('counts states, ended ones first', () => {
  const counts = countStates(
    run('Running', taskRun('A', 'Running'), taskRun('B', 'Success'), taskRun('C', 'Success')),
  );

  expect(counts).toEqual([
    ['Success', 2],
    ['Running', 1],
  ]);
});

it('draws bars from the first start to now', () => {
  const bars = timeline(
    run(
      'Running',
      taskRun('B', 'Running', { started_at: at(5) }),
      taskRun('A', 'Success', { started_at: at(0), ended_at: at(5) }),
      taskRun('C', 'Pending'),
    ),
    Date.parse(at(10)),
  );

  expect(bars.map(({ taskRun: found, start, length }) => [found.slug, start, length])).toEqual([
    ['A', 0, 0.5],
    ['B', 0.5, 0.5],
  ]);
});

it.each([
  [0.44, '0.4 s'],
  [12, '12 s'],
  [184, '3 min 4 s'],
  [7_500, '2 h 5 min'],
  [86_400, '1 d'],
])('says %d seconds as %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

it('measures up to now while something runs', () => {
  expect(secondsBetween(at(0), null, Date.parse(at(7)))).toBe(7);
  expect(secondsBetween(null, null, 0)).toBeNull();
});

it('reads states out', () => {
  expect(labelOf('TriggerFailed')).toBe('Trigger failed');
  expect(meaningOf('Success')).toBe('Ended well.');
  expect(meaningOf('Unheard')).toBe('');
});

it.each([
  ['Pending', { pause: true, resume: false, mend: true }],
  ['Running', { pause: true, resume: false, mend: true }],
  ['Paused', { pause: false, resume: true, mend: true }],
  ['Scheduled', { pause: false, resume: false, mend: false }],
  ['Cancelling', { pause: false, resume: false, mend: false }],
  ['Failed', { pause: false, resume: false, mend: true }],
])('offers for a run that is %s what the server does', (state, may) => {
  const found = { pause: canPause(run(state)), resume: canResume(run(state)), mend: canMend(run(state)) };

  expect(found).toEqual(may);
});

it('lets those answer whose role is enough', () => {
  const asks = (role: 'operator' | 'editor') => ({ slug: 'a', name: 'A', kind: 'approval', role }) as const;

  expect([null, 'viewer', 'operator', 'editor'].map((role) => mayAnswer(asks('operator'), role))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(['operator', 'editor'].map((role) => mayAnswer(asks('editor'), role))).toEqual([false, true]);
  expect(mayAnswer(undefined, 'operator')).toBe(true);
});

it('knows what waits for a person', () => {
  const waiting = waitingForPeople(run('Running', taskRun('A', 'Paused'), taskRun('B', 'Retrying')));

  expect(waiting.map(({ slug }) => slug)).toEqual(['A']);
});

it('knows whether a pause may hold child runs', () => {
  const child = { ...taskRun('A', 'Running'), child_flow_run: 'x' };
  const mapped = { ...taskRun('A', 'Running'), items: { number: 1, states: { Running: 1 }, held: 0 } };

  expect(
    [child, mapped, taskRun('A', 'Running')].map((one) => waitsForChildren(run('Running', one))),
  ).toEqual([true, true, false]);
  expect(waitsForChildren(run('Running', { ...child, state: 'Success' }))).toBe(false);
});

it('says of items how many have ended, and of those that failed how many they are', () => {
  const said = (states: Record<string, number>) => itemsText({ number: 10, states, held: 0 });

  expect(said({ Success: 7, Running: 3 })).toBe('7/10');
  expect(said({ Success: 6, Failed: 1, Running: 3 })).toBe('7/10, 1 failed');
  expect(said({ Success: 7, Failed: 2, TimedOut: 1 })).toBe('3 of 10');
  expect(said({ Success: 10 })).toBe('10/10');
});

it('says of a task run whose child stands still that the child does, and of a held one that it waits for room', () => {
  const seen = (state: string, fields: Partial<TaskRun>) => appearanceOf(taskRun('A', state, fields));

  expect(seen('Running', { child_state: 'Paused' })).toEqual({ state: 'Paused', label: 'Child paused' });
  expect(seen('Running', { child_state: 'Queued' })).toEqual({ state: 'Queued', label: 'Child queued' });
  expect(seen('Running', { child_state: 'Running' })).toEqual({ state: 'Running', label: 'Running' });
  expect(seen('Success', { child_state: 'Paused' })).toEqual({ state: 'Success', label: 'Success' });
  expect(seen('Submitted', { is_held: true })).toEqual({ state: 'Submitted', label: 'Waits for room' });
  expect(appearanceOf(undefined).label).toBe('Pending');
});

it('names each limit of a tag once, with what waits for it', () => {
  const held = (slug: string, message: string) => taskRun(slug, 'Submitted', { is_held: true, message });
  const items = { number: 9, states: { Submitted: 9 }, held: 9 };
  const mapped = taskRun('E', 'Running', { items, message: 'y' });
  const found = heldBy(
    run('Running', taskRun('A', 'Running'), mapped, held('B', 'x'), held('C', 'y'), held('D', 'x')),
  );

  expect(found.map(([message, those]) => [message, those.map(({ slug }) => slug)])).toEqual([
    ['y', ['E', 'C']],
    ['x', ['B', 'D']],
  ]);
});

it('says that a run waits for a worker while one could take it up and none has', () => {
  const waits = (state: string, fields: Partial<TaskRun> = {}) =>
    isUnclaimed(run(state, taskRun('A', 'Submitted', { is_served: true, is_held: false, ...fields })));

  expect(waits('Pending')).toBe(true);
  expect(waits('Running')).toBe(false);
  expect(waits('Pending', { is_served: false })).toBe(false);
  expect(waits('Pending', { is_held: true })).toBe(false);
});

it('tells of next tries that are not about to begin, the nearest first', () => {
  const tries = (slug: string, second: number) => taskRun(slug, 'Retrying', { due_at: at(second) });
  const found = run('Running', tries('C', 50), tries('A', 5), tries('B', 40), taskRun('D', 'Running'));

  expect(waitingForNextTry(found, Date.parse(at(0))).map(({ slug }) => slug)).toEqual(['B', 'C']);
});
