import { useEffect, useState } from 'react';
import { type Birth, fromBirth, type StateChange } from '../core/changes';
import { call, messageOf } from '../net/api';
import { useRun } from './store';
import { Badge, Moment } from './words';

interface HistoryProps {
  /** Of which task run; null for the flow run itself. */
  taskRun: string | null;
  /** How it came into being; null where nobody knows. */
  birth: Birth | null;
  /** Another one of these means that there is more to read. */
  version: string;
}

/** The changes of state of a task run or of the flow run, the first one on top. */
export function History({ taskRun, birth, version }: HistoryProps) {
  const run = useRun((state) => state.run.id);
  const [changes, setChanges] = useState<StateChange[] | null>(null);
  const [failure, setFailure] = useState('');
  useEffect(() => {
    let isWanted = version !== '';
    readAll(run, taskRun)
      .then((found) => isWanted && setChanges(found))
      .catch((error: unknown) => isWanted && setFailure(messageOf(error)));
    return () => {
      isWanted = false;
    };
  }, [run, taskRun, version]);
  if (failure) return <p className="notice notice--danger">{failure}</p>;
  if (!changes) return null;
  const told = birth ? fromBirth(changes, birth) : changes;
  if (told.length === 0) return <p className="muted small">It has been in this state from the beginning.</p>;
  return (
    <ol className="history">
      {told.map((change) => (
        <li key={`${change.at} ${change.after}`}>
          <div className="cluster cluster--between">
            <Badge state={change.after} isPlain />
            <span className="muted small">
              <Moment at={change.at} />
            </span>
          </div>
          <p className="small muted">
            {change.attempt > 1 && `Attempt ${change.attempt}. `}
            {sentence(change)}
          </p>
        </li>
      ))}
    </ol>
  );
}

/** What was said about a change; whose doing it was, where that was not said. */
function sentence({ actor, message }: StateChange): string {
  const [said = ''] = message.split('\n');
  return actor && !said.includes(actor) ? `By ${actor}. ${said}` : said;
}

/** Only what is shown: a run with thousands of items has tens of thousands of changes. */
async function readAll(run: string, taskRun: string | null): Promise<StateChange[]> {
  const whose = taskRun ? `task_run=${taskRun}` : 'flow_run_only=true';
  const changes: StateChange[] = [];
  for (let page = 1; ; page += 1) {
    const path = `flow-runs/${run}/changes/?${whose}&page=${page}&page_size=200`;
    const { results, next } = await call<{ results: StateChange[]; next: string | null }>('GET', path);
    changes.push(...results);
    if (!next) return changes;
  }
}
