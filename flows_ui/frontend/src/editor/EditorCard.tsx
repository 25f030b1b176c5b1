import type { NodeProps } from '@xyflow/react';
import { TriangleAlert } from 'lucide-react';
import { memo } from 'react';
import { CardFrame } from '../canvas/CardFrame';
import { spokenName } from '../canvas/CardName';
import type { CardNode } from '../canvas/elements';
import { TaskLines } from '../canvas/TaskLines';
import { useEditor, useEditorStore } from './store';
import { openChildFlow } from './useEditorCommands';

/** A task on the editor's canvas. */
export const EditorCard = memo(({ id, data, selected }: NodeProps<CardNode>) => {
  const store = useEditorStore();
  const problem = useEditor((state) => state.problems.find((found) => found.task === id)?.message);
  const isRefused = useEditor((state) => state.drawing?.refused.has(id) ?? false);
  const isDrawingFrom = useEditor((state) => state.drawing?.from === id);
  const canEdit = useEditor((state) => state.data.can_edit);
  return (
    <CardFrame
      slug={id}
      kind={data.task.kind}
      label={`${spokenName(data)}, ${data.task.flow ? 'starts ' : ''}${data.about}${problem ? `, problem: ${problem}` : ''}`}
      isSelected={selected ?? false}
      hasProblem={problem !== undefined}
      isRefused={isRefused && !isDrawingFrom}
      canConnect={canEdit}
      onDoubleClick={() => openChildFlow(store, id)}
    >
      <TaskLines
        data={data}
        mark={
          problem && (
            <span title={problem} className="task-card__mark">
              <TriangleAlert size={15} aria-hidden="true" />
            </span>
          )
        }
      />
    </CardFrame>
  );
});
