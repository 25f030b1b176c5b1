/** The states of flow runs and task runs, as people read them. Colours and icons belong to `data-state` in CSS. */
import { STATE_TABLE } from './states.generated';

export type StateName = (typeof STATE_TABLE)[number]['name'];

const TERMINAL: ReadonlySet<string> = new Set(
  STATE_TABLE.filter((row) => row.terminal).map((row) => row.name),
);
const SUCCESSFUL: ReadonlySet<string> = new Set<StateName>(['Success', 'Cached', 'Skipped']);
const UNSUCCESSFUL: ReadonlySet<string> = new Set<StateName>(['Failed', 'TimedOut', 'TriggerFailed']);
const MEANINGS: ReadonlyMap<string, string> = new Map(STATE_TABLE.map((row) => [row.name, row.meaning]));

export const isTerminal = (state: string): boolean => TERMINAL.has(state);
export const isSuccessful = (state: string): boolean => SUCCESSFUL.has(state);
export const isUnsuccessful = (state: string): boolean => UNSUCCESSFUL.has(state);

/** What a state means, for a tooltip; empty for a state this front end does not know. */
export const meaningOf = (state: string): string => MEANINGS.get(state) ?? '';

/** `TriggerFailed` -> `Trigger failed`. */
export const labelOf = (state: string): string =>
  state.replace(/(?<=[a-z])([A-Z])/g, (_, letter: string) => ` ${letter.toLowerCase()}`);
