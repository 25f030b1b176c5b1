import { CalendarClock, Plus, Trash2 } from 'lucide-react';
import { useId, useState } from 'react';
import {
  freeParameterName,
  parameterNameProblem,
  removeParameter,
  renameParameter,
  setParameter,
  setRequired,
} from '../core/parameters';
import { FIELD_TYPES, type FieldType, inputKind, type PropertySchema, propertyOfType } from '../core/schema';
import { ValueInput } from '../forms/ValueInput';
import type { Actions } from './actions';
import { FlowRules } from './QueueFields';
import { schemaOf, useEditor } from './store';

/** The flow itself: what it is for, and the parameters that a run of it is given. */
export function FlowPanel({ actions }: { actions: Actions }) {
  const { flow, urls, can_edit: canEdit } = useEditor((state) => state.data);
  const schema = useEditor(schemaOf);
  const names = Object.keys(schema.properties);
  const add = () => {
    const name = freeParameterName(schema);
    actions.setSchema(`Add parameter ${name}`, (current) => setParameter(current, name, { type: 'string' }));
  };
  return (
    <section className="side details" aria-label="Flow">
      <h2 className="side__title">Flow</h2>
      <fieldset className="side__body bare" disabled={!canEdit}>
        <div>
          <p className="panel-flow">
            {flow.project}/{flow.name}
          </p>
          {flow.description && <p className="muted">{flow.description}</p>}
        </div>
        <section className="panel-part" aria-label="Parameters of this flow">
          <h3 className="panel-part__title">Parameters of this flow</h3>
          <p className="muted small">A run is started with them; tasks can pass them on to child flows.</p>
          {names.map((name, index) => (
            <ParameterEditor
              // biome-ignore lint/suspicious/noArrayIndexKey: the name as key would take the focus away at every letter
              key={index}
              name={name}
              property={schema.properties[name] ?? {}}
              actions={actions}
            />
          ))}
          <button type="button" className="button button--small" onClick={add}>
            <Plus /> Add parameter
          </button>
        </section>
        <FlowRules actions={actions} />
      </fieldset>
      <div className="side__body">
        <section className="panel-part" aria-label="Schedule">
          <h3 className="panel-part__title">Schedule</h3>
          <a className="button button--small" href={urls.schedule}>
            <CalendarClock /> Schedule this flow
          </a>
        </section>
      </div>
    </section>
  );
}

interface ParameterEditorProps {
  name: string;
  property: PropertySchema;
  actions: Actions;
}

function ParameterEditor({ name, property, actions }: ParameterEditorProps) {
  const id = useId();
  const schema = useEditor(schemaOf);
  const [text, setText] = useState<string | null>(null);
  const [valueProblem, setValueProblem] = useState<string | null>(null);
  const kind = inputKind(property);
  const type = kind === 'enum' ? 'string' : kind;
  const typed = text ?? name;
  const nameProblem = parameterNameProblem(schema, typed, name);
  const change = (next: PropertySchema) =>
    actions.setSchema(`Change parameter ${name}`, (current) => setParameter(current, name, next));
  const rename = (next: string) => {
    if (parameterNameProblem(schema, next, name)) return setText(next);
    setText(null);
    actions.setSchema('Rename parameter', (current) => renameParameter(current, name, next));
  };
  const changeType = (next: FieldType) => {
    const { title, description } = property;
    setValueProblem(null);
    change({ ...propertyOfType(next), ...(title && { title }), ...(description && { description }) });
  };
  const setDefault = (value: unknown) => {
    const { default: _, ...rest } = property;
    change(value === undefined || value === '' ? rest : { ...rest, default: value });
  };

  return (
    <div className="parameter" data-own-parameter={name}>
      <div className="parameter__row">
        <div className="field">
          <label className="field__label" htmlFor={`${id}-name`}>
            Name
          </label>
          <input
            id={`${id}-name`}
            className="input input--small input--mono"
            value={typed}
            aria-invalid={nameProblem !== null || undefined}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => rename(event.target.value)}
            onBlur={() => setText(null)}
          />
        </div>
        <div className="field">
          <label className="field__label" htmlFor={`${id}-type`}>
            Type
          </label>
          <select
            id={`${id}-type`}
            className="input input--small"
            value={type}
            onChange={(event) => changeType(event.target.value as FieldType)}
          >
            {Object.entries(FIELD_TYPES).map(([found, words]) => (
              <option key={found} value={found}>
                {words}
              </option>
            ))}
          </select>
        </div>
      </div>
      {nameProblem && <p className="field__error">{nameProblem}</p>}
      <div className="field">
        <label className="field__label" htmlFor={`${id}-default`}>
          Default
        </label>
        <ValueInput
          key={type}
          id={`${id}-default`}
          property={property}
          value={property.default}
          onChange={setDefault}
          onProblem={setValueProblem}
        />
        {valueProblem && <p className="field__error">{valueProblem}</p>}
      </div>
      <div className="cluster cluster--between">
        <label className="check">
          <input
            type="checkbox"
            checked={schema.required?.includes(name) ?? false}
            onChange={(event) =>
              actions.setSchema(`Change parameter ${name}`, (current) =>
                setRequired(current, name, event.target.checked),
              )
            }
          />
          <span>Required</span>
        </label>
        <button
          type="button"
          className="button button--ghost button--icon button--small"
          aria-label={`Remove parameter ${name}`}
          title={`Remove parameter ${name}`}
          onClick={() =>
            actions.setSchema(`Remove parameter ${name}`, (current) => removeParameter(current, name))
          }
        >
          <Trash2 />
        </button>
      </div>
    </div>
  );
}
