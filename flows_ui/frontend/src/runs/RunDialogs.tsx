import { useEffect, useState } from 'react';
import type { FlowRun } from '../core/runs';
import { EMPTY_SCHEMA, initialValues, type ParameterSchema } from '../core/schema';
import { PriorityMore } from '../forms/PriorityMore';
import { SchemaForm } from '../forms/SchemaForm';
import { ApiProblem, call, messageOf, type Problem } from '../net/api';
import { Dialog } from '../ui/Dialog';
import { act, useRun, useRunStore } from './store';

/** Ask before stopping a run. */
export function CancelDialog({ onClose }: { onClose: () => void }) {
  const store = useRunStore();
  const run = useRun((state) => state.run);
  const [leavesChildren, setLeavesChildren] = useState(false);
  const [failure, setFailure] = useState('');
  const submit = async () => {
    try {
      await act(store, `flow-runs/${run.id}/cancel/`, { leave_children: leavesChildren });
      onClose();
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <Dialog
      title="Cancel this flow run?"
      onClose={onClose}
      onSubmit={() => void submit()}
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            Keep running
          </button>
          <button type="submit" className="button button--danger">
            Cancel flow run
          </button>
        </>
      }
    >
      {failure && (
        <p className="notice notice--danger" role="alert">
          {failure}
        </p>
      )}
      <p>Tasks that run are stopped, those that wait never start. What succeeded keeps its result.</p>
      <label className="check">
        <input
          type="checkbox"
          checked={leavesChildren}
          onChange={(event) => setLeavesChildren(event.target.checked)}
        />
        <span>Leave child flow runs running</span>
      </label>
    </Dialog>
  );
}

/** Start the same flow again, with this run's parameters to begin with. */
export function RunAgainDialog({ onClose }: { onClose: () => void }) {
  const schema = useLatestSchema(useRun((state) => state.run.flow));
  // It opens when its fields are known: the focus begins in the first one.
  return schema && <RunAgainForm schema={schema} onClose={onClose} />;
}

function RunAgainForm({ onClose, schema }: { onClose: () => void; schema: ParameterSchema }) {
  const run = useRun((state) => state.run);
  const [values, setValues] = useState(() => initialValues(schema, run.parameters));
  const [priority, setPriority] = useState<number | null>(null);
  const [invalid, setInvalid] = useState<string[]>([]);
  const [errors, setErrors] = useState<Problem[]>([]);
  const [failure, setFailure] = useState('');

  const submit = async () => {
    if (invalid.length) return;
    try {
      const started = await call<FlowRun>('POST', 'flow-runs/', {
        flow: run.flow,
        parameters: values,
        priority,
      });
      location.assign(`/flow-runs/${started.id}/`);
    } catch (error) {
      setErrors(error instanceof ApiProblem ? error.errors : []);
      setFailure(messageOf(error));
    }
  };

  return (
    <Dialog
      title={`Run ${run.flow} again`}
      onClose={onClose}
      onSubmit={() => void submit()}
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button--primary">
            Start run
          </button>
        </>
      }
    >
      <p className="muted">A new run of the latest version, with the parameters of this one to begin with.</p>
      {failure && (
        <p className="notice notice--danger" role="alert">
          {failure}
        </p>
      )}
      <SchemaForm
        schema={schema}
        values={values}
        onChange={setValues}
        onInvalid={setInvalid}
        errors={errors}
      />
      <PriorityMore value={priority} onChange={setPriority} />
    </Dialog>
  );
}

function useLatestSchema(flow: string): ParameterSchema | null {
  const [schema, setSchema] = useState<ParameterSchema | null>(null);
  useEffect(() => {
    call<{ parameter_schema: ParameterSchema | null }>('GET', `flows/${flow}/`)
      .then((found) => setSchema(found.parameter_schema ?? EMPTY_SCHEMA))
      .catch(() => setSchema(EMPTY_SCHEMA));
  }, [flow]);
  return schema;
}
