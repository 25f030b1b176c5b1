import { useId, useState } from 'react';
import { isItem, type TaskRun, titleOf } from '../core/runs';
import { initialValues, type ParameterSchema, parseText } from '../core/schema';
import { isTerminal } from '../core/states';
import { SchemaForm } from '../forms/SchemaForm';
import { Dialog } from '../ui/Dialog';
import { useRun } from './store';
import { useDeed } from './useDeed';
import { useVersionSchema } from './useVersionSchema';

/** Run what failed again, or one task and everything after it, perhaps with other parameters. */
export function RestartDialog(props: RestartProps) {
  const schema = useVersionSchema(useRun((state) => state.run));
  // It opens when its fields are known: the focus begins in the first one.
  return schema && <RestartForm schema={schema} {...props} />;
}

interface RestartProps {
  onClose: () => void;
  from: TaskRun | null;
}

function RestartForm({ onClose, from, schema }: RestartProps & { schema: ParameterSchema }) {
  const run = useRun((state) => state.run);
  const latest = useRun((state) => state.data.latest_version);
  const [values, setValues] = useState(() => initialValues(schema, run.parameters));
  const [invalid, setInvalid] = useState<string[]>([]);
  const { isBusy, failure, errors, act } = useDeed();
  const submit = async () => {
    if (invalid.length) return;
    const changed = changedOnly(values, run.parameters);
    const path = from ? `task-runs/${from.id}/restart/` : `flow-runs/${run.id}/restart/`;
    if (await act(path, { parameters: changed })) onClose();
  };
  return (
    <Dialog
      title={from ? `Restart from ${titleOf(from)}?` : 'Restart this flow run?'}
      onClose={onClose}
      onSubmit={() => void submit()}
      footer={<Buttons onClose={onClose} label={from ? 'Restart from here' : 'Restart'} isBusy={isBusy} />}
    >
      <Failure text={failure} />
      <p>{whatRunsAgain(from)}</p>
      {latest !== run.version && (
        <p className="muted">
          It goes on with version {run.version}, as it began. “Run again” takes the latest, version {latest}.
        </p>
      )}
      {isTerminal(run.state) && Object.keys(schema.properties ?? {}).length > 0 && (
        <fieldset className="bare">
          <legend className="panel-part__title">Parameters of what runs again</legend>
          <SchemaForm
            schema={schema}
            values={values}
            onChange={setValues}
            onInvalid={setInvalid}
            errors={errors}
          />
        </fieldset>
      )}
    </Dialog>
  );
}

function whatRunsAgain(from: TaskRun | null): string {
  if (!from) {
    return 'What did not succeed, and everything after it, runs again. What succeeded keeps its results.';
  }
  return isItem(from)
    ? 'This item and everything after it run again. The other items keep their ends.'
    : `${from.name} and everything after it run again. What ran before keeps its results.`;
}

const changedOnly = (
  given: Record<string, unknown>,
  before: Record<string, unknown>,
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(given).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
  );

const MARKS = {
  Success: 'It counts as done: what waits for it goes on.',
  Failed: 'It counts as failed: what needs it does not start.',
  Skipped: 'It counts as left out on purpose, and so does what follows.',
  Cancelled: 'It counts as stopped.',
} as const;

/** Give a task run, or the whole flow run, another state by hand. */
export function MarkDialog({ onClose, taskRun }: { onClose: () => void; taskRun: TaskRun | null }) {
  const id = useId();
  const run = useRun((state) => state.run);
  const before = (taskRun ?? run).state;
  const choices = (Object.keys(MARKS) as (keyof typeof MARKS)[]).filter((state) => state !== before);
  const [state, setState] = useState<keyof typeof MARKS>(choices[0] ?? 'Success');
  const [reason, setReason] = useState('');
  const [result, setResult] = useState('');
  const [problem, setProblem] = useState('');
  const { isBusy, failure, act } = useDeed();
  const name = taskRun ? titleOf(taskRun) : 'this flow run';
  const submit = async () => {
    const read = result.trim() ? parseText('any', result) : null;
    setProblem(!reason.trim() ? 'Say why; it is kept in the history.' : read && !read.ok ? read.message : '');
    if (!reason.trim() || (read && !read.ok)) return;
    const path = taskRun ? `task-runs/${taskRun.id}/mark/` : `flow-runs/${run.id}/mark/`;
    const value = state === 'Success' && read?.ok ? { result: read.value } : {};
    if (await act(path, { state, reason, ...value })) onClose();
  };
  return (
    <Dialog
      title={`Mark ${name}`}
      onClose={onClose}
      onSubmit={() => void submit()}
      footer={<Buttons onClose={onClose} label={`Mark as ${state}`} isBusy={isBusy} />}
    >
      <Failure text={problem || failure} />
      <div className="field">
        <label className="field__label" htmlFor={`${id}-state`}>
          Mark as
        </label>
        <select
          id={`${id}-state`}
          className="input"
          value={state}
          onChange={(event) => setState(event.target.value as keyof typeof MARKS)}
        >
          {choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
        <p className="field__hint">{MARKS[state]}</p>
      </div>
      <div className="field">
        <label className="field__label" htmlFor={`${id}-reason`}>
          Reason <span className="required">required</span>
        </label>
        <input
          id={`${id}-reason`}
          className="input"
          value={reason}
          maxLength={500}
          autoComplete="off"
          onChange={(event) => setReason(event.target.value)}
        />
      </div>
      {state === 'Success' && (
        <div className="field">
          <label className="field__label" htmlFor={`${id}-result`}>
            Result
          </label>
          <textarea
            id={`${id}-result`}
            className="input mono"
            rows={3}
            value={result}
            placeholder='JSON, such as {"rows": 5}; empty for none'
            onChange={(event) => setResult(event.target.value)}
          />
        </div>
      )}
      <p className="muted">
        {taskRun
          ? 'A function that runs is stopped. A child flow run that it waits for goes on by itself.'
          : 'Task runs that have not ended are cancelled. Child flow runs go on by themselves.'}
      </p>
    </Dialog>
  );
}

export function Failure({ text }: { text: string }) {
  if (!text) return null;
  return (
    <p className="notice notice--danger" role="alert">
      {text}
    </p>
  );
}

function Buttons({ onClose, label, isBusy }: { onClose: () => void; label: string; isBusy: boolean }) {
  return (
    <>
      <button type="button" className="button" onClick={onClose}>
        Leave it
      </button>
      <button type="submit" className="button button--primary" disabled={isBusy}>
        {label}
      </button>
    </>
  );
}
