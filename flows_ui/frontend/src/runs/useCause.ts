import { useEffect, useState } from 'react';
import { type FlowRun, firstFailure, type TaskRun } from '../core/runs';
import { call } from '../net/api';

/** Where a failure began: the failed task run, and the child flow run it is in, however deep. */
export interface Cause {
  taskRun: TaskRun;
  run: FlowRun;
}

const DEPTH = 10;

/** Follow a failed task run down through its child flow runs; null if it failed by itself or until it is known. */
export function useCause(failure: TaskRun | null): Cause | null {
  const [cause, setCause] = useState<Cause | null>(null);
  const child = failure?.child_flow_run ?? null;
  const attempt = failure?.attempt;
  useEffect(() => {
    let isWanted = attempt !== undefined;
    setCause(null);
    if (child) {
      findCause(child)
        .then((found) => isWanted && setCause(found))
        .catch(() => undefined);
    }
    return () => {
      isWanted = false;
    };
  }, [child, attempt]);
  return cause;
}

async function findCause(start: string): Promise<Cause | null> {
  let cause: Cause | null = null;
  let next: string | null = start;
  for (let depth = 0; next && depth < DEPTH; depth += 1) {
    const run: FlowRun = await call<FlowRun>('GET', `flow-runs/${next}/`);
    const taskRun = firstFailure(run);
    if (taskRun) cause = { taskRun, run };
    next = taskRun?.child_flow_run ?? null;
  }
  return cause;
}
