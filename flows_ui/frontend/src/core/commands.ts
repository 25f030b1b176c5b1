/** Every act of the editor and the run page with its keys: the one table behind handlers, button titles and help sheet. */

export interface Command {
  id: string;
  title: string;
  /** Like `Mod+Shift+Z`; Mod is Ctrl, or Cmd on a Mac. The first one is shown. */
  keys: readonly string[];
  group: string;
}

const table = <T extends Record<string, Omit<Command, 'id'>>>(commands: T) => commands;

export const COMMANDS = table({
  'palette.focus': { title: 'Find a flow to add', keys: ['A', '/'], group: 'Tasks' },
  'task.connect': { title: 'Connect to a downstream task', keys: ['C'], group: 'Tasks' },
  'task.disconnect': { title: 'Disconnect from a task', keys: ['Shift+C'], group: 'Tasks' },
  'task.rename': { title: 'Rename', keys: ['F2'], group: 'Tasks' },
  'task.open': { title: 'Open its form', keys: ['Enter'], group: 'Tasks' },
  'task.openChild': { title: 'Open the child flow or child flow run', keys: ['Mod+Enter'], group: 'Tasks' },
  'selection.duplicate': { title: 'Duplicate', keys: ['Mod+D'], group: 'Tasks' },
  'selection.copy': { title: 'Copy', keys: ['Mod+C'], group: 'Tasks' },
  'selection.cut': { title: 'Cut', keys: ['Mod+X'], group: 'Tasks' },
  'selection.paste': { title: 'Paste', keys: ['Mod+V'], group: 'Tasks' },
  'selection.remove': { title: 'Delete', keys: ['Delete', 'Backspace'], group: 'Tasks' },
  'walk.left': { title: 'Go to an upstream task', keys: ['ArrowLeft'], group: 'Move about' },
  'walk.right': { title: 'Go to a downstream task', keys: ['ArrowRight'], group: 'Move about' },
  'walk.up': { title: 'Go to the task above', keys: ['ArrowUp'], group: 'Move about' },
  'walk.down': { title: 'Go to the task below', keys: ['ArrowDown'], group: 'Move about' },
  'outline.toggle': { title: 'Between outline and canvas', keys: ['O'], group: 'Move about' },
  'problem.next': { title: 'Next problem', keys: ['F8'], group: 'Move about' },
  'problem.previous': { title: 'Previous problem', keys: ['Shift+F8'], group: 'Move about' },
  'move.left': { title: 'Move the card left', keys: ['Alt+ArrowLeft'], group: 'Canvas' },
  'move.right': { title: 'Move the card right', keys: ['Alt+ArrowRight'], group: 'Canvas' },
  'move.up': { title: 'Move the card up', keys: ['Alt+ArrowUp'], group: 'Canvas' },
  'move.down': { title: 'Move the card down', keys: ['Alt+ArrowDown'], group: 'Canvas' },
  'select.all': { title: 'Select all', keys: ['Mod+A'], group: 'Canvas' },
  'select.none': { title: 'Select nothing', keys: ['Escape'], group: 'Canvas' },
  'canvas.tidy': { title: 'Tidy up', keys: ['Shift+Alt+T'], group: 'Canvas' },
  'canvas.fit': { title: 'Fit to window', keys: ['1'], group: 'Canvas' },
  'canvas.zoomIn': { title: 'Zoom in', keys: ['+', '='], group: 'Canvas' },
  'canvas.zoomOut': { title: 'Zoom out', keys: ['-'], group: 'Canvas' },
  'canvas.actualSize': { title: 'Zoom to 100 %', keys: ['0'], group: 'Canvas' },
  'edit.undo': { title: 'Undo', keys: ['Mod+Z'], group: 'Flow' },
  'edit.redo': { title: 'Redo', keys: ['Mod+Shift+Z', 'Mod+Y'], group: 'Flow' },
  'flow.save': { title: 'Save now (it saves by itself)', keys: ['Mod+S'], group: 'Flow' },
  'flow.publish': { title: 'Publish', keys: ['Mod+Shift+S'], group: 'Flow' },
  'run.answer': { title: 'Answer what waits for approval', keys: ['Y'], group: 'Flow run' },
  'run.restartFrom': { title: 'Restart from the chosen task', keys: ['Shift+R'], group: 'Flow run' },
  'run.mark': { title: 'Mark the chosen task, or the flow run', keys: ['M'], group: 'Flow run' },
  'run.pause': { title: 'Pause or resume the flow run', keys: ['P'], group: 'Flow run' },
  'flow.run': { title: 'Run', keys: ['R'], group: 'Flow' },
  help: { title: 'Keys', keys: ['?'], group: 'Flow' },
});

export type CommandId = keyof typeof COMMANDS;

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

/** Keys that work while typing too, because they carry a modifier that text does not need. */
const WHILE_TYPING: ReadonlySet<CommandId> = new Set<CommandId>([
  'flow.save',
  'flow.publish',
  'problem.next',
]);

/** The command of a key press; null if it has none, or none while a person types text. */
export function commandOf(press: KeyPress, isTyping: boolean): CommandId | null {
  const found = (Object.keys(COMMANDS) as CommandId[]).find((id) =>
    COMMANDS[id].keys.some((keys) => matches(keys, press)),
  );
  return found && (!isTyping || WHILE_TYPING.has(found)) ? found : null;
}

const NAMED_BY_SHIFT = new Set(['?', '+']);

function matches(keys: string, press: KeyPress): boolean {
  const parts = keys === '+' ? ['+'] : keys.split('+');
  const key = parts.at(-1) ?? '';
  const wants = (name: string) => parts.slice(0, -1).includes(name);
  const isShiftRight = NAMED_BY_SHIFT.has(key) || wants('Shift') === press.shiftKey;
  return (
    key.toLowerCase() === press.key.toLowerCase() &&
    wants('Mod') === (press.ctrlKey || press.metaKey) &&
    wants('Alt') === press.altKey &&
    isShiftRight
  );
}

const SHOWN: Record<string, string> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Delete: 'Del',
};

/** Keys as a person reads them: `Ctrl+Shift+Z`, or `⌘⇧Z` on a Mac. */
export function shownKeys(keys: string, isMac: boolean): string {
  const parts = keys === '+' ? ['+'] : keys.split('+');
  const named = parts.map((part) => {
    if (part === 'Mod') return isMac ? '⌘' : 'Ctrl';
    if (isMac && part === 'Shift') return '⇧';
    if (isMac && part === 'Alt') return '⌥';
    return SHOWN[part] ?? part;
  });
  return named.join(isMac ? '' : '+');
}

/** The title of a button: what it does and the key for it. */
export function titleOf(id: CommandId, isMac: boolean): string {
  const { title, keys } = COMMANDS[id];
  return `${title} (${shownKeys(keys[0] ?? '', isMac)})`;
}
