/** What a person does to the run without a dialog. */
import { canPause, canResume, type TaskRun, waitingForPeople } from '../core/runs';
import { messageOf } from '../net/api';
import { focusOn } from '../ui/focus';
import { act, choose, chooseItem, type RunStore } from './store';

/** Hold the run, and the child runs that it waits for; or let all of that go on. */
export async function togglePause(store: RunStore, { leavesChildren = false } = {}): Promise<void> {
  const { run, data } = store.getState();
  const verb = canPause(run) ? 'pause' : canResume(run) ? 'resume' : null;
  if (!data.can_run || !verb) return;
  try {
    await act(store, `flow-runs/${run.id}/${verb}/`, leavesChildren ? { leave_children: true } : {});
  } catch (error) {
    fail(store, messageOf(error));
  }
}

/** Show the first task run that waits for a person, with the place to answer. */
export function answerFirst(store: RunStore): void {
  const [first] = waitingForPeople(store.getState().run);
  if (!first) return;
  choose(store, first);
  store.setState({ pane: 'details' });
  // The panel is there after the next frame.
  requestAnimationFrame(() => focusOn('[data-answer] :is(input, textarea, select, button)'));
}

/** Show an item of the chosen mapped task, or the task again; what was pressed for it is gone, the focus goes with it. */
export function showItem(store: RunStore, item: TaskRun | null): void {
  chooseItem(store, item);
  requestAnimationFrame(() => focusOn('.run-panel__head h2'));
}

/** Say in a notice what went wrong. */
export function fail(store: RunStore, text: string): void {
  const { notices } = store.getState();
  const id = (notices.at(-1)?.id ?? 0) + 1;
  store.setState({ notices: [...notices, { id, text, tone: 'danger' }] });
}
