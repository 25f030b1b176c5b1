import type { Task } from '../core/graph';
import { PAUSES, pausesOf, readPauses, withPauses } from '../core/retries';
import { NumberField } from '../forms/NumberField';
import { SelectField } from '../forms/SelectField';
import { CheckedText } from './CheckedText';

const A_YEAR = 31_536_000;

interface Props {
  task: Task;
  onChange: (field: string, value: Partial<Task>) => void;
}

/** How often a task is tried again, the pauses between its attempts, and how long one attempt may take. */
export function RetryRules({ task, onChange }: Props) {
  return (
    <>
      <div className="form-row form-row--two">
        <NumberField
          label="Max retries"
          value={task.max_retries ?? 0}
          max={1000}
          onChange={(value) => onChange('retries', { max_retries: value ?? 0 })}
        />
        <NumberField
          label="Time limit (seconds)"
          value={task.timeout_seconds ?? null}
          max={A_YEAR}
          placeholder="none"
          onChange={(value) => onChange('time limit', { timeout_seconds: value || null })}
        />
      </div>
      {(task.max_retries ?? 0) > 0 && <PauseRules key={task.slug} task={task} onChange={onChange} />}
    </>
  );
}

function PauseRules({ task, onChange }: Props) {
  const pauses = pausesOf(task);
  return (
    <>
      <SelectField
        label="Pauses between attempts"
        value={pauses}
        choices={PAUSES}
        onChange={(value) => onChange('pauses', withPauses(task, value))}
      />
      {pauses === 'list' ? (
        <PauseList task={task} onChange={onChange} />
      ) : (
        <NumberField
          label={pauses === 'growing' ? 'First pause (seconds)' : 'Retry delay (seconds)'}
          value={task.retry_delay_seconds ?? 0}
          max={A_YEAR}
          onChange={(value) => onChange('retry delay', { retry_delay_seconds: value ?? 0 })}
        />
      )}
      {pauses === 'growing' && (
        <div className="form-row form-row--two">
          <NumberField
            label="Times the one before"
            value={task.retry_backoff ?? 1}
            min={1.1}
            max={100}
            step={0.1}
            onChange={(value) => onChange('retry factor', { retry_backoff: value ?? 2 })}
          />
          <NumberField
            label="At most (seconds)"
            value={task.retry_delay_max_seconds ?? null}
            max={A_YEAR}
            placeholder="no limit"
            onChange={(value) => onChange('longest pause', { retry_delay_max_seconds: value || null })}
          />
        </div>
      )}
      <NumberField
        label="Vary by chance (percent)"
        value={Math.round((task.retry_jitter ?? 0) * 100)}
        max={100}
        hint="Keeps many tasks that failed together from starting again together."
        onChange={(value) => onChange('retry jitter', { retry_jitter: (value ?? 0) / 100 })}
      />
    </>
  );
}

function PauseList({ task, onChange }: Props) {
  return (
    <CheckedText
      label="Pauses (seconds)"
      written={(task.retry_delays ?? []).join(', ')}
      read={readPauses}
      hint="Like 10, 60, 600; the last one again for all that follow."
      wanted="Write seconds, like 10, 60, 600."
      onChange={(delays) => onChange('retry delays', { retry_delays: delays })}
    />
  );
}
