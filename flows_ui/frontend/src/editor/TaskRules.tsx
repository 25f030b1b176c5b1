import { useId } from 'react';
import { ON_RETRY, type Task, TRIGGERS } from '../core/graph';
import { SelectField } from '../forms/SelectField';
import type { Actions } from './actions';
import { FunctionRules } from './QueueFields';
import { RetryRules } from './RetryRules';

/** When a task starts, whether it waits for its child flow run, and what happens when that fails. */
export function TaskRules({ task, actions }: { task: Task; actions: Actions }) {
  const change = (field: string, value: Partial<Task>) => actions.setTask(task.slug, value, field);
  const startsFlow = task.kind === 'flow_run';
  const isFunction = task.kind === 'function';
  // What is decided by code can only be kept as it is.
  const triggers: Record<string, string> = Object.fromEntries(
    Object.entries(TRIGGERS).filter(([name]) => name !== 'custom' || task.trigger === name),
  );
  return (
    <section className="panel-part" aria-label="Rules">
      <h3 className="panel-part__title">Rules</h3>
      <SelectField
        label="Trigger"
        value={task.trigger ?? 'all_successful'}
        choices={triggers}
        onChange={(value) => change('trigger', { trigger: value })}
      />
      {task.trigger?.startsWith('some_') && (
        <div className="field">
          <div className="form-row form-row--two">
            <BoundField
              label="At least"
              value={task.trigger_at_least}
              onChange={(value) => change('at least', { trigger_at_least: value })}
            />
            <BoundField
              label="At most"
              value={task.trigger_at_most}
              onChange={(value) => change('at most', { trigger_at_most: value })}
            />
          </div>
          <p className="field__hint">How many upstreams; below 1, which share of them.</p>
        </div>
      )}
      {startsFlow && (
        <Check
          label="Wait for the child flow run to end"
          isOn={task.wait ?? true}
          onChange={(wait) => change('wait', { wait })}
        />
      )}
      <Check
        label="Skip when an upstream was skipped"
        isOn={task.skip_on_upstream_skip ?? true}
        onChange={(isOn) => change('skipping', { skip_on_upstream_skip: isOn })}
      />
      {(startsFlow || isFunction) && <RetryRules task={task} onChange={change} />}
      {isFunction && <FunctionRules task={task} onChange={change} />}
      {startsFlow && task.wait !== false && (
        <SelectField
          label="On retry"
          value={task.on_retry ?? 'restart'}
          choices={ON_RETRY}
          hint="Also when a person restarts the whole flow run."
          onChange={(value) => change('on retry', { on_retry: value })}
        />
      )}
    </section>
  );
}

function Check({
  label,
  isOn,
  onChange,
}: {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}) {
  return (
    <label className="check">
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}

interface BoundFieldProps {
  label: string;
  value: number | null | undefined;
  onChange: (value: number | null) => void;
}

/** How many upstreams, or which share of them; empty for no bound. */
function BoundField({ label, value, onChange }: BoundFieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="input"
        type="number"
        min={0}
        step="any"
        placeholder="None"
        value={value ?? ''}
        onChange={(event) => {
          const number = event.target.valueAsNumber;
          onChange(Number.isFinite(number) && number >= 0 ? number : null);
        }}
      />
    </div>
  );
}
