import { Copy, ExternalLink, Trash2, Unplug, Workflow } from 'lucide-react';
import { hasWholeBinding, parameterBindings } from '../core/bindings';
import { nameOf, type Task } from '../core/graph';
import { upstreamsOf } from '../core/reach';
import { EMPTY_SCHEMA, inFormOrder } from '../core/schema';
import { fieldOf } from '../forms/SchemaForm';
import { commandTitle } from '../ui/platform';
import { ApprovalFields } from './ApprovalFields';
import type { Actions } from './actions';
import { BindingField } from './BindingField';
import { CaseFields, MergeFields } from './ControlFields';
import { flowOf, graphOf, useEditor } from './store';
import { TaskRules } from './TaskRules';

/** The form of one task: what it is called, what its child flow is given, and how it behaves. */
export function TaskPanel({ task, actions }: { task: Task; actions: Actions }) {
  const canEdit = useEditor((state) => state.data.can_edit);
  const child = useEditor((state) => flowOf(state, task));
  return (
    <section className="side details" aria-label={`Task ${task.name}`}>
      <h2 className="side__title">Task</h2>
      <fieldset className="side__body bare" disabled={!canEdit}>
        <div className="field">
          <label className="field__label" htmlFor="task-name">
            Name
          </label>
          <input
            id="task-name"
            className="input"
            value={task.name}
            maxLength={200}
            autoComplete="off"
            onChange={(event) => actions.setTask(task.slug, { name: event.target.value }, 'name')}
            onBlur={() => !task.name.trim() && actions.setTask(task.slug, { name: task.slug }, 'name')}
          />
          {task.flow && (
            <p className="field__hint child-flow">
              <Workflow aria-hidden="true" /> starts{' '}
              {child?.url ? (
                <a href={child.url} target="_blank" rel="noopener">
                  {task.flow.project}/{task.flow.name} <ExternalLink aria-label="opens in a new tab" />
                </a>
              ) : (
                `${task.flow.project}/${task.flow.name}`
              )}
            </p>
          )}
        </div>
        <TaskProblems slug={task.slug} />
        <Inputs task={task} actions={actions} />
        <WaitsFor task={task} actions={actions} />
        {task.kind !== 'merge' && <TaskRules task={task} actions={actions} />}
        <div className="form-actions">
          <button
            type="button"
            className="button"
            title={commandTitle('selection.duplicate')}
            onClick={actions.duplicate}
          >
            <Copy /> Duplicate
          </button>
          <button
            type="button"
            className="button button--danger"
            title={commandTitle('selection.remove')}
            onClick={actions.removeSelection}
          >
            <Trash2 /> Delete
          </button>
        </div>
      </fieldset>
    </section>
  );
}

/** What the task is given, as its kind asks. */
function Inputs({ task, actions }: { task: Task; actions: Actions }) {
  switch (task.kind) {
    case 'approval':
      return <ApprovalFields task={task} actions={actions} />;
    case 'case':
      return <CaseFields task={task} actions={actions} />;
    case 'merge':
      return <MergeFields task={task} actions={actions} />;
    default:
      return <Parameters task={task} actions={actions} />;
  }
}

/** Problems of the task that none of its fields shows. */
function TaskProblems({ slug }: { slug: string }) {
  const problems = useEditor((state) => state.problems);
  const own = problems.filter((problem) => problem.task === slug && !problem.field);
  return own.map((problem) => (
    <p key={problem.message} className="notice notice--danger">
      {problem.message}
    </p>
  ));
}

function Parameters({ task, actions }: { task: Task; actions: Actions }) {
  const child = useEditor((state) => flowOf(state, task));
  const problems = useEditor((state) => state.problems);
  const bindings = parameterBindings(task);
  const properties = child?.parameter_schema?.properties ?? {};
  const known = new Set([...Object.keys(properties), ...Object.keys(bindings)]);
  const names = inFormOrder(child?.parameter_schema ?? EMPTY_SCHEMA, [...known]);
  return (
    <section className="panel-part" aria-label="Parameters">
      <h3 className="panel-part__title">Parameters</h3>
      {hasWholeBinding(task) && <p className="muted">They all come from one place, set in code.</p>}
      {!child && task.flow && <p className="muted">This flow is not there any more, or not for you.</p>}
      {child && names.length === 0 && <p className="muted">{child.name} takes no parameters.</p>}
      {names.map((name) => (
        <BindingField
          key={name}
          task={task}
          name={name}
          property={properties[name]}
          isRequired={child?.parameter_schema?.required?.includes(name) ?? false}
          binding={bindings[name]}
          error={problems.find((problem) => problem.task === task.slug && fieldOf(problem) === name)?.message}
          actions={actions}
        />
      ))}
    </section>
  );
}

function WaitsFor({ task, actions }: { task: Task; actions: Actions }) {
  const graph = useEditor(graphOf);
  const upstreams = upstreamsOf(graph).get(task.slug) ?? [];
  return (
    <section className="panel-part" aria-label="Waits for">
      <h3 className="panel-part__title">Waits for</h3>
      {upstreams.length === 0 && <p className="muted">Nothing: it starts with the flow.</p>}
      <ul className="waits" hidden={upstreams.length === 0}>
        {upstreams.map((slug) => (
          <li key={slug}>
            <button type="button" className="link-button truncate" onClick={() => actions.select([slug])}>
              {nameOf(graph, slug)}
            </button>
            <button
              type="button"
              className="button button--ghost button--icon button--small"
              aria-label={`Do not wait for ${nameOf(graph, slug)}`}
              title={`Do not wait for ${nameOf(graph, slug)}`}
              onClick={() => actions.disconnect(new Set([JSON.stringify([slug, task.slug])]))}
            >
              <Unplug />
            </button>
          </li>
        ))}
      </ul>
      <button
        type="button"
        className="button button--small"
        title={commandTitle('task.connect')}
        onClick={() => actions.open('connect')}
      >
        Connect…
      </button>
    </section>
  );
}
