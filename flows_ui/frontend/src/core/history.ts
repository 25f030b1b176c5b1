/** Undo and redo over immutable values. Edits of one group that follow each other closely are one step. */

export interface History<T> {
  past: Step<T>[];
  present: T;
  future: Step<T>[];
}

interface Step<T> {
  value: T;
  /** What the edit from this value on was, in words: "Add edge". */
  title: string;
  group: string | null;
  at: number;
}

const GROUP_MILLISECONDS = 1_000;
const LIMIT = 200;

export const startHistory = <T>(present: T): History<T> => ({ past: [], present, future: [] });

/** Record an edit. With a group (a field's name, say) it joins the step before, if that is of the same group and fresh. */
export function record<T>(
  history: History<T>,
  next: T,
  title: string,
  at: number,
  group: string | null = null,
): History<T> {
  if (Object.is(next, history.present)) return history;
  const last = history.past.at(-1);
  if (group && last && last.group === group && at - last.at < GROUP_MILLISECONDS) {
    const joined = { ...last, at };
    return { past: [...history.past.slice(0, -1), joined], present: next, future: [] };
  }
  const past = [...history.past, { value: history.present, title, group, at }].slice(-LIMIT);
  return { past, present: next, future: [] };
}

/** Go one step back; the same history if there is none. */
export function undo<T>(history: History<T>): History<T> {
  const last = history.past.at(-1);
  if (!last) return history;
  return {
    past: history.past.slice(0, -1),
    present: last.value,
    future: [{ ...last, value: history.present, group: null }, ...history.future],
  };
}

/** Go one undone step forward again; the same history if there is none. */
export function redo<T>(history: History<T>): History<T> {
  const next = history.future[0];
  if (!next) return history;
  return {
    past: [...history.past, { ...next, value: history.present, group: null }],
    present: next.value,
    future: history.future.slice(1),
  };
}
