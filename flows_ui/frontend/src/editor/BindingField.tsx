import { useId, useState } from 'react';
import { type Binding, describeBinding, isPlain, pathProblem, resultOf } from '../core/bindings';
import { findTask, nameOf, type Task } from '../core/graph';
import { ancestorsOf, descendantsOf, upstreamsOf } from '../core/reach';
import type { PropertySchema } from '../core/schema';
import { ValueInput } from '../forms/ValueInput';
import type { Actions } from './actions';
import { graphOf, schemaOf, useEditor } from './store';
import { usePlaces } from './usePlaces';

interface BindingFieldProps {
  task: Task;
  name: string;
  /** Absent where the child flow has no such parameter (any more). */
  property: PropertySchema | undefined;
  isRequired: boolean;
  binding: Binding | undefined;
  error: string | undefined;
  actions: Actions;
  /** An input of the task itself instead of a parameter of its child flow. */
  isInput?: boolean;
}

type Source = 'unset' | 'literal' | 'upstream' | 'parameter' | 'code';

/** One parameter of a child flow: left out, a value, an upstream's result, or a parameter of this flow. */
export function BindingField(props: BindingFieldProps) {
  const { task, name, property = {}, isRequired, binding, actions } = props;
  const id = useId();
  const [chosen, setChosen] = useState<Source | null>(null);
  const [textProblem, setTextProblem] = useState<string | null>(null);
  const graph = useEditor(graphOf);
  // What must be given and has no default is asked for at once.
  const blank = isRequired && !('default' in property) ? 'literal' : 'unset';
  const source = chosen ?? sourceOf(binding) ?? blank;
  const bind = (next: Binding | null) => {
    setChosen(null);
    (props.isInput ? actions.bindInput : actions.bind)(task.slug, name, next);
  };
  const choose = (next: Source) => {
    setTextProblem(null);
    if (next === 'unset') return bind(null);
    if (next === 'code') return setChosen(null);
    const isReady = next === 'literal' && 'default' in property;
    setChosen(next);
    if (isReady) bind({ kind: 'literal', value: property.default });
    const [only, ...others] = upstreamsOf(graph).get(task.slug) ?? [];
    if (next === 'upstream' && only && others.length === 0) bind(resultOf(only, ''));
  };
  const error = textProblem ?? props.error;

  return (
    <div className="binding field" data-parameter={name}>
      <div className="binding__head">
        <label className="field__label truncate" htmlFor={id} title={property.description}>
          {property.title ?? name} {isRequired && <span className="required">required</span>}
        </label>
        <select
          className="input input--small binding__source"
          aria-label={`Source of ${name}`}
          value={source}
          onChange={(event) => choose(event.target.value as Source)}
        >
          <option value="unset">{'default' in property ? 'Default' : 'Left out'}</option>
          <option value="literal">Value</option>
          <option value="upstream">Result of…</option>
          <option value="parameter">Flow parameter</option>
          {sourceOf(binding) === 'code' && <option value="code">Set in code</option>}
        </select>
      </div>
      {source === 'unset' && <p className="field__hint">{defaultText(property)}</p>}
      {source === 'literal' && (
        <ValueInput
          id={id}
          property={property}
          value={binding?.kind === 'literal' ? binding.value : undefined}
          onChange={(value) => bind({ kind: 'literal', value })}
          onProblem={setTextProblem}
          isInvalid={Boolean(error)}
          describedBy={`${id}-about`}
        />
      )}
      {source === 'upstream' && (
        <UpstreamInput
          id={id}
          task={task}
          name={name}
          binding={binding}
          onChange={bind}
          onProblem={setTextProblem}
        />
      )}
      {source === 'parameter' && <ParameterInput id={id} binding={binding} onChange={bind} />}
      {source === 'code' && binding && (
        <p className="field__hint">{describeBinding(binding, (slug) => nameOf(graph, slug))}</p>
      )}
      <div id={`${id}-about`}>
        {error && <p className="field__error">{error}</p>}
        {property.description && <p className="field__hint">{property.description}</p>}
      </div>
    </div>
  );
}

const sourceOf = (binding: Binding | undefined): Source | null => {
  if (!binding) return null;
  return isPlain(binding) ? binding.kind : 'code';
};

const defaultText = (property: PropertySchema): string =>
  'default' in property ? `Default: ${JSON.stringify(property.default)}` : 'Not given to the child flow.';

interface UpstreamInputProps {
  id: string;
  task: Task;
  name: string;
  binding: Binding | undefined;
  onChange: (binding: Binding) => void;
  onProblem: (message: string | null) => void;
}

function UpstreamInput({ id, task, name, binding, onChange, onProblem }: UpstreamInputProps) {
  const graph = useEditor(graphOf);
  const before = ancestorsOf(graph, task.slug);
  const after = descendantsOf(graph, task.slug);
  const others = graph.tasks.filter((found) => found.slug !== task.slug);
  const upstream = others.filter((found) => before.has(found.slug));
  const joinable = others.filter((found) => !before.has(found.slug) && !after.has(found.slug));
  const bound = binding?.kind === 'upstream' ? binding : null;
  const [path, setPath] = useState(bound?.path ?? '');
  const places = usePlaces(bound ? findTask(graph, bound.task) : undefined);
  const isElsewhere = bound && !upstream.concat(joinable).some((found) => found.slug === bound.task);

  const changePath = (next: string) => {
    setPath(next);
    const problem = pathProblem(next);
    onProblem(problem);
    if (bound && !problem) onChange(resultOf(bound.task, next));
  };

  return (
    <div className="binding__upstream">
      <select
        id={id}
        className="input"
        value={bound?.task ?? ''}
        onChange={(event) => onChange(resultOf(event.target.value, path))}
      >
        {!bound && <option value="">Choose a task…</option>}
        {isElsewhere && <option value={bound.task}>{nameOf(graph, bound.task)} (not upstream)</option>}
        <TaskOptions label="Upstream" tasks={upstream} />
        <TaskOptions label="Not upstream yet: adds the edge" tasks={joinable} />
      </select>
      <input
        className="input input--mono"
        aria-label={`Place in the result for ${name}`}
        placeholder="whole result, or rows[0].id"
        list={`${id}-places`}
        value={path}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => changePath(event.target.value)}
      />
      <datalist id={`${id}-places`}>
        {places.map((place) => (
          <option key={place} value={place} />
        ))}
      </datalist>
    </div>
  );
}

function TaskOptions({ label, tasks }: { label: string; tasks: Task[] }) {
  const graph = useEditor(graphOf);
  if (tasks.length === 0) return null;
  return (
    <optgroup label={label}>
      {tasks.map((task) => (
        <option key={task.slug} value={task.slug}>
          {nameOf(graph, task.slug)}
        </option>
      ))}
    </optgroup>
  );
}

interface ParameterInputProps {
  id: string;
  binding: Binding | undefined;
  onChange: (binding: Binding) => void;
}

function ParameterInput({ id, binding, onChange }: ParameterInputProps) {
  const names = Object.keys(useEditor(schemaOf).properties);
  const bound = binding?.kind === 'parameter' ? binding.name : '';
  if (names.length === 0 && !bound) {
    return (
      <p className="field__hint" id={id}>
        This flow has no parameters yet. Choose nothing on the canvas to add one.
      </p>
    );
  }
  return (
    <select
      id={id}
      className="input"
      value={bound}
      onChange={(event) => onChange({ kind: 'parameter', name: event.target.value })}
    >
      {!bound && <option value="">Choose a parameter…</option>}
      {bound && !names.includes(bound) && <option value={bound}>{bound} (gone)</option>}
      {names.map((found) => (
        <option key={found} value={found}>
          {found}
        </option>
      ))}
    </select>
  );
}
