import { useId, useState } from 'react';
import { parameterBindings } from '../core/bindings';
import { APPROVER_ROLES, ON_TIME_LIMIT, type Task } from '../core/graph';
import { SelectField } from '../forms/SelectField';
import type { Actions } from './actions';
import { BindingField } from './BindingField';
import { useEditor } from './store';

/** The form of an approval: what is asked, of whom, until when, and what may be edited. */
export function ApprovalFields({ task, actions }: { task: Task; actions: Actions }) {
  const id = useId();
  const change = (field: string, value: Partial<Task>) => actions.setTask(task.slug, value, field);
  return (
    <section className="panel-part" aria-label="Question">
      <div className="field">
        <label className="field__label" htmlFor={`${id}-message`}>
          Message
        </label>
        <textarea
          id={`${id}-message`}
          className="input"
          rows={3}
          maxLength={1000}
          value={task.message ?? ''}
          placeholder="What is to be approved?"
          onChange={(event) => change('message', { message: event.target.value })}
        />
      </div>
      <SelectField
        label="Who may answer"
        value={task.role ?? 'operator'}
        choices={APPROVER_ROLES}
        onChange={(value) => change('role', { role: value })}
      />
      <div className="field">
        <label className="field__label" htmlFor={`${id}-limit`}>
          Time limit (minutes)
        </label>
        <input
          id={`${id}-limit`}
          className="input"
          type="number"
          min={0}
          max={525_600}
          placeholder="None"
          value={task.timeout_seconds ? task.timeout_seconds / 60 : ''}
          onChange={(event) => {
            const minutes = Math.min(525_600, Math.max(0, event.target.valueAsNumber || 0));
            change('time limit', { timeout_seconds: minutes ? minutes * 60 : null });
          }}
        />
      </div>
      {task.timeout_seconds ? (
        <SelectField
          label="When nobody answers in time"
          value={task.on_time_limit ?? 'fail'}
          choices={ON_TIME_LIMIT}
          onChange={(value) => change('time limit', { on_time_limit: value })}
        />
      ) : null}
      <Proposal task={task} actions={actions} />
    </section>
  );
}

/** The parameters that are shown to be edited; they are the result. */
function Proposal({ task, actions }: { task: Task; actions: Actions }) {
  const id = useId();
  const [name, setName] = useState('');
  const problems = useEditor((state) => state.problems);
  const bindings = parameterBindings(task);
  const add = () => {
    if (name.trim() && !(name in bindings)) {
      actions.bind(task.slug, name.trim(), { kind: 'literal', value: null });
    }
    setName('');
  };
  return (
    <>
      <h3 className="panel-part__title">Parameters to edit</h3>
      {Object.entries(bindings).map(([parameter, binding]) => (
        <BindingField
          key={parameter}
          task={task}
          name={parameter}
          property={undefined}
          isRequired={false}
          binding={binding}
          error={
            problems.find((found) => found.task === task.slug && found.field === `parameters.${parameter}`)
              ?.message
          }
          actions={actions}
        />
      ))}
      <div className="field">
        <label className="field__label" htmlFor={id}>
          Add a parameter
        </label>
        <div className="cluster">
          <input
            id={id}
            className="input"
            value={name}
            placeholder="Name"
            autoComplete="off"
            onChange={(event) => setName(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              add();
            }}
          />
          <button type="button" className="button button--small" onClick={add}>
            Add
          </button>
        </div>
      </div>
    </>
  );
}
