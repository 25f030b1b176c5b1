import { expect, it } from 'vitest';
import { record, redo, startHistory, undo } from './history';

it('undoes and redoes', () => {
  const edited = record(record(startHistory('a'), 'b', 'Edit', 0), 'c', 'Edit', 0);

  expect(undo(edited).present).toBe('b');
  expect(undo(undo(undo(edited))).present).toBe('a');
  expect(redo(undo(edited)).present).toBe('c');
});

it('takes typing in one field as one step until a pause', () => {
  const typed = record(record(startHistory('a'), 'b', 'Rename', 0, 'name'), 'c', 'Rename', 900, 'name');
  const later = record(typed, 'd', 'Rename', 5_000, 'name');

  expect(undo(typed).present).toBe('a');
  expect(undo(later).present).toBe('c');
});

it('forgets what was undone once a new edit is made', () => {
  const edited = record(undo(record(startHistory('a'), 'b', 'Edit', 0)), 'c', 'Edit', 0);

  expect(redo(edited)).toBe(edited);
});

it('does not record an edit that changes nothing', () => {
  const history = startHistory('a');

  expect(record(history, 'a', 'Edit', 0)).toBe(history);
});
