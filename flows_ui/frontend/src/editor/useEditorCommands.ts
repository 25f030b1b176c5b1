import { useEffect, useMemo } from 'react';
import type { Camera } from '../canvas/useCamera';
import { readFragment } from '../core/clipboard';
import type { CommandId } from '../core/commands';
import { findTask } from '../core/graph';
import type { Problem } from '../net/api';
import { focusCanvas, focusOn } from '../ui/focus';
import { type Handlers, useCommands } from '../ui/useCommands';
import type { Actions } from './actions';
import { chosenSlug, type EditorStore, flowOf, graphOf, shownGraphOf } from './store';
import type { Saving } from './useSaving';

/** The handlers of all commands of the editor, bound to their keys. */
export function useEditorCommands(
  store: EditorStore,
  actions: Actions,
  camera: Camera,
  saving: Saving,
): Handlers {
  const handlers = useMemo(
    () => makeHandlers(store, actions, camera, saving),
    [store, actions, camera, saving],
  );
  useCommands(handlers);
  useClipboard(actions);
  return handlers;
}

function makeHandlers(store: EditorStore, actions: Actions, camera: Camera, saving: Saving): Handlers {
  const get = store.getState;
  const withChosen = (act: (slug: string) => void) => () => {
    const slug = chosenSlug(get());
    if (slug) act(slug);
    else actions.say('Choose one task first.');
  };
  const focusDetails = (selector: string) => {
    actions.show('details');
    requestAnimationFrame(() => focusOn(selector));
  };
  const walk = (direction: Parameters<Actions['walk']>[0]) => () => {
    actions.walk(direction);
    const slug = chosenSlug(get());
    const place = slug && findTask(shownGraphOf(get()), slug)?.position;
    if (place) camera.reveal(place);
  };
  return {
    'palette.focus': () => {
      actions.show('flows');
      requestAnimationFrame(() => focusOn('#palette-search'));
    },
    'task.connect': withChosen(() => actions.open('connect')),
    'task.disconnect': withChosen(() => actions.open('disconnect')),
    'task.rename': withChosen(() => focusDetails('#task-name')),
    'task.open': withChosen(() => focusDetails('.details input, .details select')),
    'task.openChild': withChosen((slug) => openChildFlow(store, slug)),
    'selection.duplicate': actions.duplicate,
    'selection.remove': actions.removeSelection,
    'walk.left': walk('left'),
    'walk.right': walk('right'),
    'walk.up': walk('up'),
    'walk.down': walk('down'),
    'outline.toggle': () => {
      const isThere = document.activeElement?.closest('.outline');
      actions.show(isThere ? 'canvas' : 'outline');
      requestAnimationFrame(() => (isThere ? focusCanvas() : focusOn('.outline [role="listbox"]')));
    },
    'problem.next': () => goToProblem(store, actions, camera, 1),
    'problem.previous': () => goToProblem(store, actions, camera, -1),
    'move.left': () => actions.nudge('left'),
    'move.right': () => actions.nudge('right'),
    'move.up': () => actions.nudge('up'),
    'move.down': () => actions.nudge('down'),
    'select.all': actions.selectAll,
    'select.none': actions.clearSelection,
    'canvas.tidy': () => {
      actions.tidy();
      camera.fitTo(shownGraphOf(get()).tasks);
    },
    'canvas.fit': camera.fit,
    'canvas.zoomIn': camera.zoomIn,
    'canvas.zoomOut': camera.zoomOut,
    'canvas.actualSize': camera.actualSize,
    'edit.undo': actions.undo,
    'edit.redo': actions.redo,
    'flow.save': () => void saving.flush(),
    'flow.publish': () => get().data.can_edit && actions.open('publish'),
    'flow.run': () => get().data.can_run && actions.open('run'),
    help: () => actions.open('keys'),
  };
}

/** Everything in the help sheet, copying with it, which comes as clipboard events. */
export const workingCommands = (handlers: Handlers): CommandId[] => [
  ...(Object.keys(handlers) as CommandId[]),
  'selection.copy',
  'selection.cut',
  'selection.paste',
];

export function openChildFlow(store: EditorStore, slug: string): void {
  const task = findTask(graphOf(store.getState()), slug);
  const child = task && flowOf(store.getState(), task);
  if (child?.url) window.open(child.url, '_blank', 'noopener');
}

function goToProblem(store: EditorStore, actions: Actions, camera: Camera, step: 1 | -1): void {
  const { problems } = store.getState();
  const chosen = chosenSlug(store.getState());
  const at = problems.findIndex((problem) => problem.task === chosen);
  const start = at < 0 && step < 0 ? 0 : at;
  const next = problems[(start + step + problems.length) % problems.length];
  if (next) showProblem(store, actions, camera, next);
  else actions.say('No problems.');
}

/** Choose what a problem is about, bring it into view and read the problem out. */
export function showProblem(store: EditorStore, actions: Actions, camera: Camera, problem: Problem): void {
  const { edge } = problem;
  if (problem.task) actions.select([problem.task]);
  else if (edge) actions.select([], [JSON.stringify([edge.upstream, edge.downstream])]);
  const slug = problem.task ?? edge?.upstream;
  const place = slug && findTask(shownGraphOf(store.getState()), slug)?.position;
  if (place) camera.reveal(place);
  actions.say(problem.message);
}

const isOwn = (event: ClipboardEvent): boolean =>
  !document.querySelector('dialog[open]') &&
  !(event.target instanceof HTMLElement && event.target.matches('input, textarea, select')) &&
  (getSelection()?.isCollapsed ?? true);

function useClipboard(actions: Actions): void {
  useEffect(() => {
    const copy = (event: ClipboardEvent): boolean => {
      const fragment = isOwn(event) ? actions.copySelection() : null;
      if (!fragment) return false;
      event.clipboardData?.setData('text/plain', JSON.stringify(fragment, null, 1));
      event.preventDefault();
      actions.say(`${fragment.tasks.length === 1 ? '1 task' : `${fragment.tasks.length} tasks`} copied.`);
      return true;
    };
    const cut = (event: ClipboardEvent) => {
      if (copy(event)) actions.removeSelection();
    };
    const paste = (event: ClipboardEvent) => {
      const fragment = isOwn(event) ? readFragment(event.clipboardData?.getData('text/plain') ?? '') : null;
      if (!fragment) return;
      event.preventDefault();
      actions.paste(fragment);
    };
    document.addEventListener('copy', copy);
    document.addEventListener('cut', cut);
    document.addEventListener('paste', paste);
    return () => {
      document.removeEventListener('copy', copy);
      document.removeEventListener('cut', cut);
      document.removeEventListener('paste', paste);
    };
  }, [actions]);
}
