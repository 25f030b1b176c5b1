import {
  CornerDownRight,
  Eye,
  FunctionSquare,
  GitBranch,
  Hourglass,
  Merge,
  RotateCcw,
  Split,
  Unlink,
  UserCheck,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { controlText, isControl } from '../core/control';
import { type Task, TRIGGERS, type Trigger } from '../core/graph';

const ICONS: Partial<Record<Task['kind'], typeof Split>> = {
  function: FunctionSquare,
  case: GitBranch,
  merge: Merge,
  wait: Eye,
  task_result: Eye,
  approval: UserCheck,
};

/** What a card says about a task: its name, the flow it starts, and what differs from the usual. */
export function TaskLines({ task, mark }: { task: Task; mark?: ReactNode }) {
  const Icon = ICONS[task.kind] ?? Split;
  return (
    <>
      <div className="task-card__line">
        <Icon className="task-card__icon" aria-hidden="true" />
        <span className="task-card__name truncate" title={task.name}>
          {task.name}
        </span>
        {mark}
      </div>
      <div className="task-card__line task-card__line--second">
        <span className="truncate" title={flowText(task)}>
          {flowText(task)}
        </span>
        <Traits task={task} />
      </div>
    </>
  );
}

const KINDS: Record<Task['kind'], string> = {
  flow_run: 'flow',
  function: 'function',
  case: 'case',
  merge: 'merge',
  wait: 'waits for a flow run',
  task_result: 'result of another flow run',
  approval: 'approval',
};

/** What a task is about: the flow it starts, what it decides, or its kind. */
export function flowText(task: Task): string {
  if (task.flow) return `${task.flow.project}/${task.flow.name}`;
  return isControl(task.kind) ? controlText(task) : KINDS[task.kind];
}

function Traits({ task }: { task: Task }) {
  const { trigger = 'all_successful', max_retries: retries = 0 } = task;
  return (
    <span className="task-card__traits">
      {trigger !== 'all_successful' && task.kind !== 'merge' && (
        <span title={`Trigger: ${TRIGGERS[trigger as Trigger] ?? trigger}`}>
          <CornerDownRight /> {trigger.replaceAll('_', ' ')}
        </span>
      )}
      {retries > 0 && (
        <span title={`Up to ${retries} retries`}>
          <RotateCcw /> {retries}
        </span>
      )}
      {(task.retry_delay_seconds ?? 0) > 0 && (
        <span title={`${task.retry_delay_seconds} s between retries`}>
          <Hourglass />
        </span>
      )}
      {task.wait === false && (
        <span title="Does not wait for the child flow run to end">
          <Unlink />
        </span>
      )}
    </span>
  );
}
