import { describe, expect, it } from 'vitest';
import { pausesOf, readPauses, withPauses } from './retries';

const task = { slug: 'A-1', name: 'A', kind: 'flow_run' } as const;

describe('the pauses of a task', () => {
  it('are the same before each retry unless it says otherwise', () => {
    expect(pausesOf(task)).toBe('fixed');
    expect(pausesOf({ ...task, retry_backoff: 1, retry_delays: [] })).toBe('fixed');
    expect(pausesOf({ ...task, retry_backoff: 1.5 })).toBe('growing');
    expect(pausesOf({ ...task, retry_backoff: 2, retry_delays: [1] })).toBe('list');
  });

  it.each(['fixed', 'list', 'growing'] as const)('become %s, and the first stays', (pauses) => {
    const before = { ...task, retry_delay_seconds: 30, retry_delays: [30, 60], retry_backoff: 3 };
    const after = { ...before, ...withPauses(before, pauses) };
    expect(pausesOf(after)).toBe(pauses);
    expect(after.retry_delay_seconds).toBe(30);
    expect(after.retry_delays).toEqual(pauses === 'list' ? [30] : []);
  });

  it('have no limit once they do not grow', () => {
    const growing = { ...task, retry_backoff: 2, retry_delay_max_seconds: 600 };
    expect(withPauses(growing, 'fixed').retry_delay_max_seconds).toBeNull();
    expect(withPauses(growing, 'growing').retry_delay_max_seconds).toBe(600);
  });

  it('are read from what people type', () => {
    expect(readPauses('10, 60,600')).toEqual([10, 60, 600]);
    expect(readPauses(' 1.5 ; 2 ')).toEqual([1.5, 2]);
    for (const text of ['', ' , ', 'ten', '5, -1', '1e12']) expect(readPauses(text)).toBeNull();
  });
});
