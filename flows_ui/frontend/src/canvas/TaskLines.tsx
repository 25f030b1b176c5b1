import {
  CornerDownRight,
  Eye,
  FunctionSquare,
  GitBranch,
  Hourglass,
  Layers,
  Merge,
  RotateCcw,
  Split,
  Unlink,
  UserCheck,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { isMapped } from '../core/bindings';
import { type Task, TRIGGERS, type Trigger } from '../core/graph';
import { CardName } from './CardName';
import type { CardData } from './elements';

const ICONS: Partial<Record<Task['kind'], typeof Split>> = {
  function: FunctionSquare,
  case: GitBranch,
  merge: Merge,
  wait: Eye,
  task_result: Eye,
  approval: UserCheck,
};

/** What a card says about a task: its name, the flow it starts, and what differs from the usual. */
export function TaskLines({ data, mark }: { data: CardData; mark?: ReactNode }) {
  const { task, about } = data;
  const Icon = ICONS[task.kind] ?? Split;
  return (
    <>
      <div className="task-card__line">
        <Icon className="task-card__icon" aria-hidden="true" />
        <CardName data={data} />
        {mark}
      </div>
      <div className="task-card__line task-card__line--second">
        <span className="truncate" title={about}>
          {about}
        </span>
        <Traits task={task} />
      </div>
    </>
  );
}

function Traits({ task }: { task: Task }) {
  const { trigger = 'all_successful', max_retries: retries = 0 } = task;
  return (
    <span className="task-card__traits">
      {isMapped(task) && (
        <span title="Executed once an item of a list">
          <Layers />
        </span>
      )}
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
