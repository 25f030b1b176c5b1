/** The pauses between a task's attempts, as the form offers them: one for all, one for each, or ones that grow. */
import type { Task } from './graph';

export const PAUSES = {
  fixed: 'The same before each retry',
  list: 'One for each retry',
  growing: 'Growing from retry to retry',
} as const;
export type Pauses = keyof typeof PAUSES;

export const DEFAULT_FACTOR = 2;

export function pausesOf(task: Task): Pauses {
  if (task.retry_delays?.length) return 'list';
  return (task.retry_backoff ?? 1) > 1 ? 'growing' : 'fixed';
}

/** What becomes of a task's fields when another kind of pauses is chosen: the first pause stays. */
export function withPauses(task: Task, pauses: Pauses): Partial<Task> {
  const first = task.retry_delays?.[0] ?? task.retry_delay_seconds ?? 0;
  return {
    retry_delay_seconds: first,
    retry_delays: pauses === 'list' ? [first] : [],
    retry_backoff: pauses === 'growing' ? DEFAULT_FACTOR : 1,
    retry_delay_max_seconds: pauses === 'growing' ? (task.retry_delay_max_seconds ?? null) : null,
  };
}

/** The pauses that a text like "10, 60, 600" lists, or null where it is no such list. */
export function readPauses(text: string): number[] | null {
  const parts = text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number);
  const isList = parts.length > 0 && parts.every((pause) => pause >= 0 && pause <= 31_536_000);
  return isList ? parts : null;
}
