import type { NodeProps } from '@xyflow/react';
import { memo } from 'react';
import { CardFrame } from '../canvas/CardFrame';
import { CardName, spokenName } from '../canvas/CardName';
import type { CardNode } from '../canvas/elements';
import { appearanceOf, itemsText } from '../core/runs';
import { useRun } from './store';
import { Duration } from './words';

/** A task on the canvas of a run: its name, the flow it starts, its state and how long it took. */
export const RunCard = memo(({ id, data, selected }: NodeProps<CardNode>) => {
  const taskRun = useRun((state) => state.bySlug.get(id));
  const state = taskRun?.state ?? 'Pending';
  const shown = appearanceOf(taskRun);
  const child = taskRun?.child_flow_run;
  return (
    <CardFrame
      slug={id}
      kind={data.task.kind}
      label={`${spokenName(data)}, ${shown.label}${taskRun?.items ? `, items ${itemsText(taskRun.items)}` : ''}`}
      isSelected={selected ?? false}
      state={state}
      isStill={shown.state !== state}
      onDoubleClick={() => child && location.assign(`/flow-runs/${child}/`)}
    >
      <div className="task-card__line">
        <CardName data={data} />
      </div>
      <div className="task-card__line task-card__line--second">
        <span className="task-card__state" data-state={shown.state} title={taskRun?.message}>
          <span className="state-icon" data-state={shown.state} aria-hidden="true" />
          {shown.label}
          {taskRun?.items && <span className="numeric"> {itemsText(taskRun.items)}</span>}
        </span>
        <span className="task-card__child truncate" title={data.about}>
          {data.about}
        </span>
        <span className="numeric">
          {taskRun && taskRun.attempt > 1 && `attempt ${taskRun.attempt}${taskRun.started_at ? ' · ' : ''}`}
          {taskRun && <Duration span={taskRun} />}
        </span>
      </div>
    </CardFrame>
  );
});
