import { Check, X } from 'lucide-react';
import { useId, useState } from 'react';
import { findTask } from '../core/graph';
import { mayAnswer, type TaskRun } from '../core/runs';
import { schemaOfValues } from '../core/schema';
import { momentText } from '../core/time';
import { SchemaForm } from '../forms/SchemaForm';
import { Failure } from './DeedDialogs';
import { useRun } from './store';
import { useDeed } from './useDeed';
import { Json } from './words';

interface AnswerProps {
  taskRun: TaskRun;
  /** What an approval proposes; null while it is read, or where the task is no approval. */
  proposal: Record<string, unknown> | null;
}

/** What a paused task run asks, of whom and until when, and the way to answer. */
export function Answer({ taskRun, proposal }: AnswerProps) {
  const id = useId();
  const task = useRun((state) => findTask(state.graph, taskRun.slug));
  const role = useRun((state) => state.data.role);
  const [values, setValues] = useState<Record<string, unknown> | null>(null);
  const [invalid, setInvalid] = useState<string[]>([]);
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState('');
  const { isBusy, failure, errors, act } = useDeed();
  const mine = mayAnswer(task, role);
  const answer = async (verb: 'approve' | 'reject') => {
    const isSilent = verb === 'reject' && !reason.trim();
    setProblem(isSilent ? 'Say why you reject it; it is kept in the history.' : '');
    if (isSilent || (verb === 'approve' && invalid.length)) return;
    const edited = verb === 'approve' && values ? { parameters: values } : {};
    await act(`task-runs/${taskRun.id}/${verb}/`, { reason, ...edited });
  };
  return (
    <section className="answer" aria-label="Answer" data-answer>
      <p className="answer__who">
        {whoIsAsked(task?.role, task?.kind === 'approval' ? taskRun.due_at : null)}
      </p>
      {taskRun.message && <p className="answer__message">{taskRun.message}</p>}
      <Failure text={problem || failure} />
      {!mine && <NotMine role={role} proposal={proposal} />}
      {mine && (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void answer('approve');
          }}
        >
          {proposal && Object.keys(proposal).length > 0 && (
            <SchemaForm
              schema={schemaOfValues(proposal)}
              values={values ?? proposal}
              onChange={setValues}
              onInvalid={setInvalid}
              errors={errors}
            />
          )}
          <div className="field">
            <label className="field__label" htmlFor={id}>
              Reason
            </label>
            <input
              id={id}
              className="input"
              value={reason}
              maxLength={500}
              autoComplete="off"
              onChange={(event) => setReason(event.target.value)}
            />
          </div>
          <div className="cluster">
            <button type="submit" className="button button--primary" disabled={isBusy}>
              <Check /> Approve
            </button>
            <button
              type="button"
              className="button button--danger"
              disabled={isBusy}
              onClick={() => void answer('reject')}
            >
              <X /> Reject
            </button>
          </div>
        </form>
      )}
    </section>
  );
}

/** For those whose role is not enough: what is proposed, and that somebody else answers. */
function NotMine({ role, proposal }: { role: string | null; proposal: AnswerProps['proposal'] }) {
  return (
    <>
      {proposal && Object.keys(proposal).length > 0 && <Json value={proposal} />}
      <p className="muted small">Your role here is {role}: somebody else has to answer.</p>
    </>
  );
}

/** `Waits for approval by an operator, until 14:30:00`. */
export function whoIsAsked(role: string | undefined, dueAt: string | null): string {
  const whom = `Waits for approval by an ${role ?? 'operator'}`;
  return dueAt ? `${whom}, until ${momentText(dueAt, Date.now())}` : whom;
}
