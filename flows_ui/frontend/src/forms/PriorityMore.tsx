import { MAX_PRIORITY } from '../core/queues';
import { NumberField } from './NumberField';

interface Props {
  /** null: that of the flow. */
  value: number | null;
  onChange: (value: number | null) => void;
}

/** What few people need when they start a run, folded away below its parameters. */
export function PriorityMore({ value, onChange }: Props) {
  return (
    <details className="more">
      <summary>More</summary>
      <NumberField
        label="Priority"
        value={value}
        min={-MAX_PRIORITY}
        max={MAX_PRIORITY}
        placeholder="the flow's"
        hint="From -100 to 100. Higher goes first, with all its child flow runs."
        onChange={onChange}
      />
    </details>
  );
}
