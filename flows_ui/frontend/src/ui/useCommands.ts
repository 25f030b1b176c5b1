import { useLayoutEffect } from 'react';
import { type CommandId, commandOf } from '../core/commands';

export type Handlers = Partial<Record<CommandId, () => void>>;

/** Commands the browser does well by itself inside these elements. */
const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches('input:not([type="checkbox"]), textarea, select'));

/** Enter and arrows belong to a focused control; on the canvas and in the outline they are commands. */
const belongsToControl = (event: KeyboardEvent): boolean =>
  (event.key === 'Enter' || event.key === ' ') &&
  !event.ctrlKey &&
  !event.metaKey &&
  event.target instanceof HTMLElement &&
  event.target.closest('button, a, summary') !== null;

const isCopying = (id: CommandId): boolean =>
  id === 'selection.copy' || id === 'selection.cut' || id === 'selection.paste';

/** Run a handler for its keys, unless a person types, a dialog is open, or the browser does it itself. */
export function useCommands(handlers: Handlers): void {
  // Before the first paint: what can be seen can be used.
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector('dialog[open]') || belongsToControl(event)) return;
      const id = commandOf(event, isTyping(event.target));
      const handler = id && handlers[id];
      // Copy, cut and paste come as clipboard events, which may use the clipboard without asking.
      if (!handler || isCopying(id)) return;
      event.preventDefault();
      handler();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [handlers]);
}
