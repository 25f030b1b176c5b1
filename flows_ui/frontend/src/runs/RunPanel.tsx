import type { Birth } from '../core/changes';
import type { FlowRun } from '../core/runs';
import { History } from './History';
import { Result } from './Result';
import { useRun } from './store';
import { Json, Moment } from './words';

const birthOf = ({ created_at: at, created_by: creator, state }: FlowRun): Birth => ({
  at,
  message: creator ? `Created by ${creator}.` : 'Created.',
  state,
});

/** All about the flow run itself, while no task run is chosen. */
export function RunPanel() {
  const run = useRun((state) => state.run);
  const parent = run.parent_task_run;
  return (
    <section className="side details" aria-label="Flow run">
      <div className="run-panel__head">
        <h2>Flow run</h2>
      </div>
      <div className="run-panel__body">
        <dl className="facts">
          {parent && (
            <>
              <dt>Started by</dt>
              <dd>
                <a href={`/flow-runs/${parent.flow_run}/`}>
                  {parent.slug} of {parent.flow}
                </a>
              </dd>
            </>
          )}
          <dt>Created</dt>
          <dd>
            <Moment at={run.created_at} />
          </dd>
          {run.scheduled_start_time && (
            <>
              <dt>Starts</dt>
              <dd>
                <Moment at={run.scheduled_start_time} />
              </dd>
            </>
          )}
          {run.scheduled_for && (
            <>
              <dt>Scheduled for</dt>
              <dd>
                <Moment at={run.scheduled_for} />
              </dd>
            </>
          )}
          <dt>Started</dt>
          <dd>
            <Moment at={run.started_at} />
          </dd>
          <dt>Ended</dt>
          <dd>
            <Moment at={run.ended_at} />
          </dd>
          {run.priority !== 0 && (
            <>
              <dt>Priority</dt>
              <dd>{run.priority}</dd>
            </>
          )}
          {run.idempotency_key && !parent && (
            <>
              <dt>Idempotency key</dt>
              <dd className="mono">{run.idempotency_key}</dd>
            </>
          )}
          <dt>Id</dt>
          <dd className="mono">{run.id}</dd>
        </dl>
        <section className="panel-part" aria-label="Parameters">
          <h3 className="panel-part__title">Parameters</h3>
          {Object.keys(run.parameters ?? {}).length === 0 ? (
            <p className="muted">None.</p>
          ) : (
            <Json value={run.parameters} />
          )}
        </section>
        <Result result={run.result} stored={run.stored_result} address={`flow-runs/${run.id}/result/`} />
        <section className="panel-part" aria-label="History">
          <h3 className="panel-part__title">History</h3>
          <History
            taskRun={null}
            birth={birthOf(run)}
            version={`${run.state} ${run.attempt} ${run.message}`}
          />
        </section>
      </div>
    </section>
  );
}
