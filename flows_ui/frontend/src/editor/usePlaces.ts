/** What the result of a task looks like: read from the last run of its flow that succeeded. */
import { useEffect, useState } from 'react';
import { placesIn } from '../core/bindings';
import type { Task } from '../core/graph';
import { call } from '../net/api';

const known = new Map<string, string[]>();

/** The places in the result of a task that waits for a child flow run; none until they are known. */
export function usePlaces(task: Task | undefined): string[] {
  const flow = task?.flow && task.wait !== false ? `${task.flow.project}/${task.flow.name}` : null;
  const [, setRead] = useState(0);
  useEffect(() => {
    if (!flow || known.has(flow)) return;
    const wanted = new URLSearchParams({ flow, state: 'Success', page_size: '1' });
    call<{ results: { result: unknown }[] }>('GET', `flow-runs/?${wanted}`)
      .then(({ results: [last] }) => {
        known.set(flow, placesIn(last?.result));
        setRead(known.size);
      })
      .catch(() => undefined);
  }, [flow]);
  return (flow && known.get(flow)) || [];
}
