import { ArrowLeft, CornerDownRight, RotateCcw, Tag, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { type Binding, describeBinding } from '../core/bindings';
import { findTask, nameOf } from '../core/graph';
import { canMend, isItem, mayAnswer, type StoredResult, type TaskRun, titleOf } from '../core/runs';
import { isTerminal, isUnsuccessful, labelOf } from '../core/states';
import { call } from '../net/api';
import { focusCanvas } from '../ui/focus';
import { commandTitle } from '../ui/platform';
import { Answer } from './Answer';
import { showItem } from './deeds';
import { History } from './History';
import { Items } from './Items';
import { Logs } from './Logs';
import { Result } from './Result';
import { choose, placeOf, useRun, useRunStore } from './store';
import { useCause } from './useCause';
import { Badge, Duration, Moment } from './words';

type Tab = 'Overview' | 'Logs' | 'History';
const TABS: Tab[] = ['Overview', 'Logs', 'History'];

interface Detail {
  result: unknown;
  stored_result: StoredResult | null;
  inputs: Record<string, Binding>;
}

/** All about one task run: why it is in its state, its child flow run, its result, logs and history. */
export function TaskRunPanel({ taskRun }: { taskRun: TaskRun }) {
  const store = useRunStore();
  const [tab, setTab] = useState<Tab>('Overview');
  return (
    <section className="side details" aria-label={`Task run ${titleOf(taskRun)}`}>
      <div className="run-panel__head">
        <h2 className="truncate" tabIndex={-1}>
          {titleOf(taskRun)}
        </h2>
        <Badge state={taskRun.state} />
        <button
          type="button"
          className="button button--ghost button--icon button--small"
          aria-label="Close"
          title={commandTitle('select.none')}
          onClick={() => {
            choose(store, null);
            focusCanvas();
          }}
        >
          <X />
        </button>
      </div>
      {isItem(taskRun) && (
        <button
          type="button"
          className="button button--small run-panel__child"
          onClick={() => showItem(store, null)}
        >
          <ArrowLeft /> All items
        </button>
      )}
      {taskRun.child_flow_run && (
        <a
          className="button run-panel__child"
          href={`/flow-runs/${taskRun.child_flow_run}/`}
          title={commandTitle('task.openChild')}
        >
          <CornerDownRight /> Open child run
          {taskRun.child_state && <Badge state={taskRun.child_state} />}
        </a>
      )}
      <Deeds taskRun={taskRun} />
      <div
        className="tabs"
        role="tablist"
        aria-label="About this task run"
        onKeyDown={(event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          // On the canvas the same keys walk from task to task: here they do not.
          event.preventDefault();
          const next = (TABS.indexOf(tab) + step + TABS.length) % TABS.length;
          setTab(TABS[next] ?? tab);
          (event.currentTarget.children[next] as HTMLElement).focus();
        }}
      >
        {TABS.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={tab === name}
            tabIndex={tab === name ? 0 : -1}
            onClick={() => setTab(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <div className="run-panel__body" role="tabpanel" aria-label={tab}>
        {tab === 'Overview' && <Overview taskRun={taskRun} onLogs={() => setTab('Logs')} />}
        {tab === 'Logs' && <Logs taskRun={taskRun} />}
        {tab === 'History' && <TaskRunHistory taskRun={taskRun} />}
      </div>
    </section>
  );
}

/** Items come into being later than their flow run; nobody keeps when. */
function TaskRunHistory({ taskRun }: { taskRun: TaskRun }) {
  const at = useRun((state) => state.run.created_at);
  const birth = isItem(taskRun) ? null : { at, message: 'Created with the flow run.', state: taskRun.state };
  return <History taskRun={taskRun.id} birth={birth} version={versionOf(taskRun)} />;
}

const versionOf = ({ state, attempt, message }: TaskRun): string => `${state} ${attempt} ${message}`;

/** What can be done to this task run. */
function Deeds({ taskRun }: { taskRun: TaskRun }) {
  const store = useRunStore();
  const canAct = useRun((state) => state.data.can_run && canMend(state.run));
  const canMark = useRun((state) => mayAnswer(findTask(state.graph, taskRun.slug), state.data.role));
  if (!canAct) return null;
  return (
    <div className="cluster run-panel__deeds">
      {isTerminal(taskRun.state) && (
        <button
          type="button"
          className="button button--small"
          title={commandTitle('run.restartFrom')}
          onClick={() => store.setState({ dialog: 'restartFrom' })}
        >
          <RotateCcw /> {isItem(taskRun) ? 'Restart this item…' : 'Restart from here…'}
        </button>
      )}
      {canMark && (
        <button
          type="button"
          className="button button--small"
          title={commandTitle('run.mark')}
          onClick={() => store.setState({ dialog: 'markTask' })}
        >
          <Tag /> Mark as…
        </button>
      )}
    </div>
  );
}

function Overview({ taskRun, onLogs }: { taskRun: TaskRun; onLogs: () => void }) {
  const graph = useRun((state) => state.graph);
  const run = useRun((state) => state.run.id);
  const parameters = useRun((state) => state.run.parameters);
  const detail = useDetail(taskRun);
  const isApproval = findTask(graph, taskRun.slug)?.kind === 'approval';
  const proposal = isApproval ? ((detail?.result ?? null) as Record<string, unknown> | null) : null;
  const inputs = Object.entries(detail?.inputs ?? {}).flatMap(([key, binding]) => leavesOf(binding, key));
  return (
    <>
      {taskRun.state === 'Paused' ? (
        <Answer key={taskRun.attempt} taskRun={taskRun} proposal={proposal} />
      ) : (
        <Why taskRun={taskRun} onLogs={onLogs} />
      )}
      {taskRun.items && <Items taskRun={taskRun} items={taskRun.items} />}
      <dl className="facts">
        {taskRun.child_flow && (
          <>
            <dt>Child flow</dt>
            <dd>
              <a href={`/flows/${taskRun.child_flow}/`}>{taskRun.child_flow}</a>
            </dd>
          </>
        )}
        <dt>Attempt</dt>
        <dd>{taskRun.attempt}</dd>
        {taskRun.submitted_at && (
          <>
            <dt>Submitted</dt>
            <dd>
              <Moment at={taskRun.submitted_at} />
            </dd>
          </>
        )}
        <dt>Started</dt>
        <dd>
          <Moment at={taskRun.started_at} />
        </dd>
        <dt>Ended</dt>
        <dd>
          <Moment at={taskRun.ended_at} />
        </dd>
        <dt>Took</dt>
        <dd>
          <Duration span={taskRun} absent="–" />
        </dd>
        {taskRun.due_at && !taskRun.ended_at && (
          <>
            <dt>{taskRun.state === 'Retrying' ? 'Next try' : 'Due'}</dt>
            <dd>
              <Moment at={taskRun.due_at} />
            </dd>
          </>
        )}
        {taskRun.queue && taskRun.queue !== 'default' && (
          <>
            <dt>Queue</dt>
            <dd className="mono">{taskRun.queue}</dd>
          </>
        )}
        {taskRun.worker && (
          <>
            <dt>Worker</dt>
            <dd className="mono">{taskRun.worker}</dd>
          </>
        )}
      </dl>
      {inputs.length > 0 && (
        <section className="panel-part" aria-label="Inputs">
          <h3 className="panel-part__title">Inputs</h3>
          <dl className="facts">
            {inputs.map(([place, binding]) => (
              <div key={place} className="facts__pair">
                <dt>{place.replace(/^parameters\./, '')}</dt>
                <dd className="mono">
                  {describeBinding(binding, (slug) => nameOf(graph, slug))}
                  {binding.kind === 'parameter' && valueText(parameters?.[binding.name])}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {detail && isTerminal(taskRun.state) && !taskRun.items && (
        <Result
          result={detail.result}
          stored={detail.stored_result}
          address={`flow-runs/${run}/task-runs/${taskRun.id}/result/`}
        />
      )}
    </>
  );
}

/** Why it is in its state: where a failure of a child flow run began, however deep, else its own message. */
function Why({ taskRun, onLogs }: { taskRun: TaskRun; onLogs: () => void }) {
  const isFailed = isUnsuccessful(taskRun.state);
  const cause = useCause(isFailed ? taskRun : null);
  const message = cause?.taskRun.message || taskRun.message;
  if (!message && taskRun.state === 'Submitted') return <WaitsForWorker taskRun={taskRun} />;
  if (!message) return null;
  return (
    <div className="run-why">
      {cause && (
        <p className="small">
          <a href={`/flow-runs/${cause.run.id}/${placeOf(cause.taskRun)}`}>{cause.taskRun.name}</a> of{' '}
          {cause.run.flow} {labelOf(cause.taskRun.state).toLowerCase()}:
        </p>
      )}
      <pre className="run-message" data-failed={isFailed || undefined}>
        {message}
      </pre>
      {taskRun.state === 'Failed' && taskRun.worker && (
        <button type="button" className="button button--small" onClick={onLogs}>
          Show its logs
        </button>
      )}
    </div>
  );
}

const LONGEST_VALUE = 60;

/** The value of a parameter beside its name, where it is short enough to be read there. */
function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text && text.length <= LONGEST_VALUE ? ` = ${text}` : '';
}

const WaitsForWorker = ({ taskRun: { queue, is_served: isServed } }: { taskRun: TaskRun }) => (
  <p className="muted small">
    {isServed ? 'Waits for a worker that is free' : 'No worker serves its queue'}:{' '}
    <span className="mono">{queue}</span>
  </p>
);

function leavesOf(binding: Binding, key: string): [string, Binding][] {
  if (binding.kind === 'list') {
    return binding.items.flatMap((item, index) => leavesOf(item, `${key}[${index}]`));
  }
  if (binding.kind === 'object') {
    return Object.entries(binding.fields).flatMap(([name, field]) => leavesOf(field, `${key}.${name}`));
  }
  return [[key, binding]];
}

/** What the list of task runs leaves out, read again when the task run changes. */
function useDetail(taskRun: TaskRun): Detail | null {
  const run = useRun((state) => state.run.id);
  const [detail, setDetail] = useState<Detail | null>(null);
  const { id, state, attempt } = taskRun;
  useEffect(() => {
    // State and attempt are part of the question: another one has another answer.
    let isWanted = state !== '' && attempt > 0;
    call<Detail>('GET', `flow-runs/${run}/task-runs/${id}/`)
      .then((found) => isWanted && setDetail(found))
      .catch(() => undefined);
    return () => {
      isWanted = false;
    };
  }, [run, id, state, attempt]);
  return detail;
}
