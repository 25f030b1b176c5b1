/** The history of a flow run or of a task run, as the API gives it and as a page shows it. */

export interface StateChange {
  at: string;
  attempt: number;
  before: string | null;
  after: string;
  message: string;
  actor: string | null;
}

export interface Birth {
  at: string;
  message: string;
  /** The state now: it was born in it if it has never changed. */
  state: string;
}

/** The history from the beginning on: the state that something is created in is no change of it. */
export function fromBirth(changes: readonly StateChange[], { at, message, state }: Birth): StateChange[] {
  const after = changes[0]?.before ?? state;
  return [{ at, attempt: 1, before: null, after, message, actor: null }, ...changes];
}
