import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ApiProblem, Unreachable } from './api';
import { Autosave, type SaveState } from './autosave';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(save: (document: string, revision: number) => Promise<{ revision: number }>) {
  const states: SaveState['kind'][] = [];
  const spy = vi.fn(save);
  const autosave = new Autosave({
    revision: 1,
    save: spy,
    onState: (state) => states.push(state.kind),
    onSaved: () => undefined,
  });
  return { autosave, states, spy };
}

const accepting = async (_: string, revision: number) => ({ revision: revision + 1 });
const stale = new ApiProblem(409, 'stale_revision', 'Somebody else saved.', [], {});

it('saves once for a burst of edits, with the revision it knows', async () => {
  const { autosave, states, spy } = setUp(accepting);

  autosave.edited('a');
  autosave.edited('ab');
  await vi.advanceTimersByTimeAsync(600);

  expect(spy.mock.calls).toEqual([['ab', 1]]);
  expect(states).toEqual(['waiting', 'waiting', 'saving', 'saved']);
});

it('saves an edit made during a save after it, on the new revision', async () => {
  let finish: (saved: { revision: number }) => void = () => undefined;
  const { autosave, spy } = setUp((_, revision) =>
    revision === 1 ? new Promise((resolve) => (finish = resolve)) : accepting(_, revision),
  );

  autosave.edited('a');
  await vi.advanceTimersByTimeAsync(600);
  autosave.edited('b');
  finish({ revision: 2 });
  await vi.advanceTimersByTimeAsync(600);

  expect(spy.mock.calls).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
  expect(autosave.isSaved).toBe(true);
});

it('keeps trying while the server is away', async () => {
  let isAway = true;
  const { autosave, states } = setUp(async (document, revision) => {
    if (isAway) throw new Unreachable('away');
    return accepting(document, revision);
  });

  autosave.edited('a');
  await vi.advanceTimersByTimeAsync(600);
  expect(states.at(-1)).toBe('offline');
  isAway = false;
  await vi.advanceTimersByTimeAsync(2_000);

  expect(states.at(-1)).toBe('saved');
});

it('stops when somebody else saved, until told to overwrite', async () => {
  const { autosave, states, spy } = setUp(async (document, revision) => {
    if (revision < 5) throw stale;
    return accepting(document, revision);
  });

  autosave.edited('a');
  await vi.advanceTimersByTimeAsync(600);
  autosave.edited('b');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(states.at(-1)).toBe('stale');
  expect(spy).toHaveBeenCalledTimes(1);

  expect(await autosave.overwrite(5)).toBe(true);
  expect(spy).toHaveBeenLastCalledWith('b', 5);
});

it('does not repeat what the server refused, but tries the next edit', async () => {
  const { autosave, states } = setUp(async (document, revision) => {
    if (document === 'bad') throw new ApiProblem(422, 'invalid_graph', 'No.', [], {});
    return accepting(document, revision);
  });

  autosave.edited('bad');
  expect(await autosave.flush()).toBe(false);
  expect(states.at(-1)).toBe('refused');
  autosave.edited('good');

  expect(await autosave.flush()).toBe(true);
});
