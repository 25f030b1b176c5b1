/** Names of queues and tags, as people write them into a form. */
import type { Graph } from './graph';

export const MAX_PRIORITY = 100;

const QUEUE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$/;
const MAX_TAGS = 20;
const MAX_TAG = 200;

/** Whether a text can name a queue of workers; none is named by an empty one. */
export const isQueueOrNone = (text: string): boolean => text === '' || QUEUE.test(text);

/** The tags in a text like "database, slow", each once; null where it is no such list. */
export function readTags(text: string): string[] | null {
  const tags = [...new Set(text.split(',').map((tag) => tag.trim()))].filter(Boolean);
  return tags.length <= MAX_TAGS && tags.every((tag) => tag.length <= MAX_TAG) ? tags : null;
}

/** Whether anything in the flow is executed by the workers of a queue: child flows have their own. */
export const usesQueue = (graph: Graph): boolean =>
  Boolean(graph.queue) || graph.tasks.some((task) => task.kind === 'function');
