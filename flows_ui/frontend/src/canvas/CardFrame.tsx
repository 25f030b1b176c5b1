import { Handle, Position } from '@xyflow/react';
import type { ReactNode } from 'react';
import type { Task } from '../core/graph';
import { IS_DOWN } from './direction';

interface CardFrameProps {
  slug: string;
  kind: Task['kind'];
  label: string;
  isSelected: boolean;
  children: ReactNode;
  state?: string;
  /** Nothing goes on in it, though it is under way. */
  isStill?: boolean;
  hasProblem?: boolean;
  isRefused?: boolean;
  canConnect?: boolean;
  onDoubleClick?: () => void;
}

/** The outside of every card: its frame, the two handles, and the marks that styles and tests go by. */
export function CardFrame(props: CardFrameProps) {
  const canConnect = props.canConnect ?? false;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      role="group"
      className="task-card"
      aria-label={props.label}
      data-task={props.slug}
      data-kind={props.kind}
      data-state={props.state}
      data-still={props.isStill || undefined}
      data-selected={props.isSelected || undefined}
      data-problem={props.hasProblem || undefined}
      data-refused={props.isRefused || undefined}
      onDoubleClick={props.onDoubleClick}
    >
      <Handle
        type="target"
        position={IS_DOWN ? Position.Top : Position.Left}
        data-handle="in"
        isConnectable={canConnect}
        title={canConnect ? 'Drag to the task to wait for' : undefined}
      />
      <div className="task-card__body">{props.children}</div>
      <Handle
        type="source"
        position={IS_DOWN ? Position.Bottom : Position.Right}
        data-handle="out"
        isConnectable={canConnect}
        title={canConnect ? 'Drag to the task that waits for this one' : undefined}
      />
    </div>
  );
}
