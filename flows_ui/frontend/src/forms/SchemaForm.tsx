import { RotateCcw } from 'lucide-react';
import { useId, useState } from 'react';
import { inFormOrder, type ParameterSchema, type PropertySchema } from '../core/schema';
import type { Problem } from '../net/api';
import { ValueInput } from './ValueInput';

interface SchemaFormProps {
  schema: ParameterSchema;
  values: Record<string, unknown>;
  onChange: (values: Record<string, unknown>) => void;
  /** Names of fields whose text is no value; the form must not be sent while there are any. */
  onInvalid: (names: string[]) => void;
  errors: Problem[];
}

/** A form made from a parameter schema: one input a property. The server validates what is sent. */
export function SchemaForm({ schema, values, onChange, onInvalid, errors }: SchemaFormProps) {
  const [problems, setProblems] = useState<Record<string, string>>({});
  const report = (name: string, message: string | null) => {
    const { [name]: _, ...others } = problems;
    const next = message ? { ...others, [name]: message } : others;
    setProblems(next);
    onInvalid(Object.keys(next));
  };
  const properties = schema.properties ?? {};
  return inFormOrder(schema, Object.keys(properties)).map((name) => {
    const property = properties[name] ?? {};
    return (
      <FormField
        key={name}
        name={name}
        property={property}
        isRequired={schema.required?.includes(name) ?? false}
        value={values[name]}
        error={problems[name] ?? errors.find((error) => fieldOf(error) === name)?.message}
        onChange={(value) => onChange({ ...values, [name]: value })}
        onUnset={() => {
          report(name, null);
          const { [name]: _, ...others } = values;
          onChange('default' in property ? { ...others, [name]: property.default } : others);
        }}
        onProblem={(message) => report(name, message)}
      />
    );
  });
}

/** The property that a problem of the server is about: `parameters.rows[0]` and `rows[0]` are both about `rows`. */
export const fieldOf = (error: Pick<Problem, 'field'>): string =>
  (error.field ?? '').replace(/^parameters\./, '').split(/[.[]/)[0] ?? '';

interface FormFieldProps {
  name: string;
  property: PropertySchema;
  isRequired: boolean;
  value: unknown;
  error: string | undefined;
  onChange: (value: unknown) => void;
  onUnset: () => void;
  onProblem: (message: string | null) => void;
}

function FormField({
  name,
  property,
  isRequired,
  value,
  error,
  onChange,
  onUnset,
  onProblem,
}: FormFieldProps) {
  const id = useId();
  const isChanged = value !== undefined && JSON.stringify(value) !== JSON.stringify(property.default);
  return (
    <div className="field">
      <div className="cluster cluster--between">
        <label className="field__label" htmlFor={id}>
          {property.title ?? name} {isRequired && <span className="required">required</span>}
        </label>
        {isChanged && (
          <button type="button" className="button button--ghost button--small" onClick={onUnset}>
            <RotateCcw /> {'default' in property ? 'Default' : 'Leave out'}
          </button>
        )}
      </div>
      <ValueInput
        id={id}
        property={property}
        value={value}
        onChange={onChange}
        onProblem={onProblem}
        isInvalid={Boolean(error)}
        describedBy={`${id}-about`}
      />
      <div id={`${id}-about`}>
        {error && <p className="field__error">{error}</p>}
        {property.description && <p className="field__hint">{property.description}</p>}
      </div>
    </div>
  );
}
