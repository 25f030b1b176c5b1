import { expect, it } from 'vitest';
import { fromBirth, type StateChange } from './changes';

const end: StateChange = {
  at: '2026-03-02T09:00:05Z',
  attempt: 1,
  before: 'Running',
  after: 'Success',
  message: '',
  actor: null,
};
const birth = { at: '2026-03-02T09:00:00Z', message: 'Created.', state: 'Success' };

it('tells the state that something was created in by what changed first', () => {
  const told = fromBirth([end, { ...end, before: 'Success', after: 'Failed' }], birth);

  expect(told.map(({ at, after }) => [at, after])).toEqual([
    [birth.at, 'Running'],
    [end.at, 'Success'],
    [end.at, 'Failed'],
  ]);
  expect(told[0]).toMatchObject({ before: null, message: 'Created.' });
});

it('takes the state now where nothing has changed', () => {
  expect(fromBirth([], { ...birth, state: 'Queued' }).map(({ after }) => after)).toEqual(['Queued']);
});
