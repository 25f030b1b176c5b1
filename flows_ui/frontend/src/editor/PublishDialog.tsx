import { useState } from 'react';
import { ApiProblem, call, flowPath, messageOf, type Problem } from '../net/api';
import { Dialog } from '../ui/Dialog';
import type { Actions } from './actions';
import { ProblemList } from './Problems';
import { type EditorStore, useEditor, useEditorStore } from './store';
import type { Saving } from './useSaving';

interface PublishProps {
  actions: Actions;
  saving: Saving;
  onShow: (problem: Problem) => void;
  onClose: () => void;
}

/** Make the draft a version that runs and schedules use. */
export function PublishDialog({ actions, saving, onShow, onClose }: PublishProps) {
  const store = useEditorStore();
  const latest = useEditor((state) => state.latestVersion);
  const [message, setMessage] = useState('');
  const [problems, setProblems] = useState(useEditor((state) => state.problems));
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);

  const submit = async () => {
    setBusy(true);
    setFailure('');
    try {
      const number = await publish(store, saving, message);
      onClose();
      actions.toast(
        number === latest ? `Nothing changed since version ${number}.` : `Version ${number} is published.`,
      );
    } catch (error) {
      setProblems(error instanceof ApiProblem ? error.errors : []);
      setFailure(messageOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog
      title="Publish"
      onClose={onClose}
      onSubmit={() => void submit()}
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button--primary" disabled={isBusy}>
            {latest ? `Publish version ${latest + 1}` : 'Publish version 1'}
          </button>
        </>
      }
    >
      <p className="muted">
        Runs and schedules started from now on use the new version. Runs that are under way keep theirs.
      </p>
      {failure && problems.length === 0 && (
        <p className="notice notice--danger" role="alert">
          {failure}
        </p>
      )}
      {problems.length > 0 && (
        <section
          className="notice notice--danger"
          aria-label="Problems to solve first"
          role={failure ? 'alert' : undefined}
        >
          <strong>{failure ? 'Not published. Solve first:' : 'To solve before it can be published:'}</strong>
          <ProblemList
            problems={problems}
            onShow={(problem) => {
              onClose();
              onShow(problem);
            }}
          />
        </section>
      )}
      <div className="field">
        <label className="field__label" htmlFor="publish-message">
          What changed <span className="muted">(optional)</span>
        </label>
        <input
          id="publish-message"
          className="input"
          value={message}
          maxLength={200}
          autoComplete="off"
          onChange={(event) => setMessage(event.target.value)}
        />
      </div>
    </Dialog>
  );
}

/** Save and publish the draft; the number of the version it became. */
export async function publish(store: EditorStore, saving: Saving, message: string): Promise<number> {
  if (!(await saving.flush())) throw new Error('The draft is not saved, so it cannot be published yet.');
  const { flow } = store.getState().data;
  const { number } = await call<{ number: number }>('POST', `flows/${flowPath(flow)}/publish/`, {
    revision: saving.revision(),
    message,
  });
  store.setState({ latestVersion: number, problems: [] });
  return number;
}
