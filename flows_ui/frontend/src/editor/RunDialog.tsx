import { useEffect, useState } from 'react';
import { type Graph, isSameFlow } from '../core/graph';
import { EMPTY_SCHEMA, initialValues, type ParameterSchema } from '../core/schema';
import { PriorityMore } from '../forms/PriorityMore';
import { SchemaForm } from '../forms/SchemaForm';
import { ApiProblem, call, flowPath, messageOf, type Problem } from '../net/api';
import { Dialog } from '../ui/Dialog';
import { publish } from './PublishDialog';
import { graphOf, schemaOf, useEditor, useEditorStore } from './store';
import type { Saving } from './useSaving';

interface PublishedFlow {
  graph: Graph | null;
  parameter_schema: ParameterSchema | null;
}

interface RunProps {
  saving: Saving;
  onClose: () => void;
}

/** Start a run: of the latest version, or of the draft after publishing it. */
export function RunDialog(props: RunProps) {
  const { flow } = useEditor((state) => state.data);
  const isThere = useEditor((state) => state.latestVersion !== null);
  const published = usePublished(flowPath(flow), isThere);
  // It opens when it is known what is published: before, its button could not say what it would do.
  return published && <RunForm published={published} {...props} />;
}

function RunForm({ published, saving, onClose }: RunProps & { published: PublishedFlow }) {
  const store = useEditorStore();
  const { flow, urls, can_edit: canEdit } = useEditor((state) => state.data);
  const latest = useEditor((state) => state.latestVersion);
  const schema = useEditor(schemaOf);
  const isChanged = useEditor((state) => !isPublished(published, graphOf(state), schemaOf(state)));
  const mustPublish = latest === null;
  const [values, setValues] = useState(() => initialValues(schema));
  const [priority, setPriority] = useState<number | null>(null);
  const [invalid, setInvalid] = useState<string[]>([]);
  const [errors, setErrors] = useState<Problem[]>([]);
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);

  const start = async (publishFirst: boolean) => {
    if (invalid.length) return;
    setBusy(true);
    setFailure('');
    try {
      if (publishFirst) await publish(store, saving, '');
      const run = await call<{ id: string }>('POST', 'flow-runs/', {
        flow: `${flow.project}/${flow.name}`,
        parameters: values,
        priority,
      });
      location.assign(`${urls.run}${run.id}/`);
    } catch (error) {
      setErrors(error instanceof ApiProblem ? error.errors : []);
      setFailure(messageOf(error));
      setBusy(false);
    }
  };

  const isOffered = canEdit && isChanged;
  const isOutdated = !mustPublish && isChanged;
  return (
    <Dialog
      title={`Run ${flow.name}`}
      onClose={onClose}
      onSubmit={() => void start(isOffered)}
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          {isOutdated && (
            <button type="button" className="button" disabled={isBusy} onClick={() => void start(false)}>
              Run version {latest}
            </button>
          )}
          <button
            type="submit"
            className="button button--primary"
            disabled={isBusy || (mustPublish && !canEdit)}
          >
            {isOffered ? 'Publish and run' : 'Start run'}
          </button>
        </>
      }
    >
      {isOutdated && <p className="notice">The draft has changes that version {latest} does not have.</p>}
      {mustPublish && <p className="notice">This flow has no version yet. Running it publishes version 1.</p>}
      {failure && (
        <div className="notice notice--danger" role="alert">
          <p>{failure}</p>
          {errors.length > 0 && (
            <ul>
              {errors.map((error) => (
                <li key={error.message}>{error.message}</li>
              ))}
            </ul>
          )}
        </div>
      )}
      {Object.keys(schema.properties).length === 0 ? (
        <p className="muted">This flow takes no parameters.</p>
      ) : (
        <SchemaForm
          schema={schema}
          values={values}
          onChange={setValues}
          onInvalid={setInvalid}
          errors={errors}
        />
      )}
      <PriorityMore value={priority} onChange={setPriority} />
    </Dialog>
  );
}

const isPublished = (published: PublishedFlow, graph: Graph, schema: ParameterSchema): boolean =>
  published.graph !== null &&
  isSameFlow(published.graph, graph) &&
  JSON.stringify({ ...EMPTY_SCHEMA, ...published.parameter_schema }) === JSON.stringify(schema);

const UNPUBLISHED: PublishedFlow = { graph: null, parameter_schema: null };

/** The latest version, to compare the draft with; null until it is known. */
function usePublished(path: string, isThere: boolean): PublishedFlow | null {
  const [published, setPublished] = useState(isThere ? null : UNPUBLISHED);
  useEffect(() => {
    if (!isThere) return;
    call<PublishedFlow>('GET', `flows/${path}/`)
      .then(setPublished)
      .catch(() => setPublished(UNPUBLISHED));
  }, [path, isThere]);
  return published;
}
