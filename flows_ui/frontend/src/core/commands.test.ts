import { describe, expect, it } from 'vitest';
import { COMMANDS, type CommandId, commandOf, type KeyPress, shownKeys, titleOf } from './commands';
import { DIAMOND } from './sample';
import { firstTask, walk } from './walk';

const press = (key: string, modifiers: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...modifiers,
});

describe('commandOf', () => {
  it.each([
    [press('c'), 'task.connect'],
    [press('C', { shiftKey: true }), 'task.disconnect'],
    [press('z', { ctrlKey: true }), 'edit.undo'],
    [press('Z', { metaKey: true, shiftKey: true }), 'edit.redo'],
    [press('?', { shiftKey: true }), 'help'],
    [press('+', { shiftKey: true }), 'canvas.zoomIn'],
    [press('c', { ctrlKey: true }), 'selection.copy'],
    [press('q'), null],
  ])('of %j is %s', (pressed, id) => {
    expect(commandOf(pressed, false)).toBe(id);
  });

  it('leaves letters to a person who types, but not saving', () => {
    expect(commandOf(press('c'), true)).toBeNull();
    expect(commandOf(press('z', { ctrlKey: true }), true)).toBeNull();
    expect(commandOf(press('s', { ctrlKey: true }), true)).toBe('flow.save');
  });

  it('has no key twice', () => {
    const keys = (Object.keys(COMMANDS) as CommandId[]).flatMap((id) => COMMANDS[id].keys);

    expect(new Set(keys).size).toBe(keys.length);
  });
});

it('shows keys as the system writes them', () => {
  expect(titleOf('edit.redo', false)).toBe('Redo (Ctrl+Shift+Z)');
  expect(shownKeys('Mod+Shift+Z', true)).toBe('⌘⇧Z');
});

it('walks along edges and between the tasks of one layer', () => {
  expect(firstTask(DIAMOND)).toBe('Flow A-1');
  expect(walk(DIAMOND, 'Flow A-1', 'right')).toBe('Flow B-1');
  expect(walk(DIAMOND, 'Flow B-1', 'down')).toBe('Flow C-1');
  expect(walk(DIAMOND, 'Flow C-1', 'down')).toBe('Flow C-1');
  expect(walk(DIAMOND, 'Flow D-1', 'left')).toBe('Flow C-1');
});
