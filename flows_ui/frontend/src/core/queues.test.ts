import { describe, expect, it } from 'vitest';
import { isQueueOrNone, readTags, usesQueue } from './queues';
import { DIAMOND } from './sample';

describe('queues', () => {
  it('are named by letters, digits, dots, dashes and underscores', () => {
    expect(['', 'gpu', 'eu-1.large_2', 'x'.repeat(50)].filter((text) => !isQueueOrNone(text))).toEqual([]);
    expect(['-gpu', 'a b', '~gpu', 'gpu,cpu', 'x'.repeat(51)].filter(isQueueOrNone)).toEqual([]);
  });

  it('are used by functions, not by child flows', () => {
    expect(usesQueue(DIAMOND)).toBe(false);
    expect(usesQueue({ ...DIAMOND, queue: 'gpu' })).toBe(true);
    expect(usesQueue({ ...DIAMOND, tasks: [{ slug: 'f-1', name: 'f', kind: 'function' }] })).toBe(true);
  });
});

describe('tags', () => {
  it('are read from a list with commas, each once', () => {
    expect(readTags(' database, slow ,,database')).toEqual(['database', 'slow']);
    expect(readTags('')).toEqual([]);
  });

  it('are at most twenty', () => {
    const names = Array.from({ length: 21 }, (_, number) => `t${number}`);
    expect(readTags(names.slice(1).join(','))).toHaveLength(20);
    expect(readTags(names.join(','))).toBeNull();
  });
});
