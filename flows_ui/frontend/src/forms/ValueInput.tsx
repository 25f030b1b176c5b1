import { useEffect, useState } from 'react';
import {
  type InputKind,
  inputKind,
  isJsonKind,
  type PropertySchema,
  parseText,
  textOf,
} from '../core/schema';

interface ValueInputProps {
  id: string;
  property: PropertySchema;
  value: unknown;
  onChange: (value: unknown) => void;
  /** Told whenever the text stops or starts being a value. */
  onProblem: (message: string | null) => void;
  describedBy?: string;
  isInvalid?: boolean;
  disabled?: boolean;
}

const TYPES: Partial<Record<InputKind, string>> = { date: 'date', 'date-time': 'datetime-local' };

/** One input for a value of a parameter: its kind follows from the schema. */
export function ValueInput(props: ValueInputProps) {
  const kind = inputKind(props.property);
  if (kind === 'boolean') return <BooleanInput {...props} />;
  if (kind === 'enum') return <EnumInput {...props} />;
  return <TextInput {...props} kind={kind} />;
}

const common = (props: ValueInputProps) => ({
  id: props.id,
  className: 'input',
  'aria-describedby': props.describedBy,
  'aria-invalid': props.isInvalid || undefined,
  disabled: props.disabled,
});

function BooleanInput(props: ValueInputProps) {
  return (
    <select
      {...common(props)}
      value={props.value === undefined ? '' : String(props.value)}
      onChange={(event) => props.onChange(event.target.value === 'true')}
    >
      {typeof props.value !== 'boolean' && <option value="">Choose…</option>}
      <option value="true">Yes</option>
      <option value="false">No</option>
    </select>
  );
}

function EnumInput(props: ValueInputProps) {
  const values = props.property.enum ?? [];
  const index = values.findIndex((value) => JSON.stringify(value) === JSON.stringify(props.value));
  return (
    <select
      {...common(props)}
      value={index}
      onChange={(event) => props.onChange(values[Number(event.target.value)])}
    >
      {index < 0 && <option value={-1}>Choose…</option>}
      {values.map((value, at) => (
        <option key={JSON.stringify(value)} value={at}>
          {typeof value === 'string' ? value : JSON.stringify(value)}
        </option>
      ))}
    </select>
  );
}

function TextInput({ kind, ...props }: ValueInputProps & { kind: InputKind }) {
  const [text, setText] = useState(() => textOf(kind, props.value));
  const [sent, setSent] = useState<unknown>(props.value);
  const isChangedElsewhere = JSON.stringify(sent) !== JSON.stringify(props.value);

  useEffect(() => {
    if (!isChangedElsewhere) return;
    setText(textOf(kind, props.value));
    setSent(props.value);
  }, [isChangedElsewhere, kind, props.value]);

  const change = (next: string) => {
    setText(next);
    const parsed = parseText(kind, next);
    props.onProblem(parsed.ok ? null : parsed.message);
    if (!parsed.ok) return;
    setSent(parsed.value);
    props.onChange(parsed.value);
  };

  if (isJsonKind(kind)) {
    return (
      <textarea
        {...common(props)}
        className="input input--mono"
        rows={3}
        spellCheck={false}
        value={text}
        onChange={(event) => change(event.target.value)}
      />
    );
  }
  return (
    <input
      {...common(props)}
      type={TYPES[kind] ?? 'text'}
      inputMode={kind === 'integer' ? 'numeric' : kind === 'number' ? 'decimal' : undefined}
      step={kind === 'date-time' ? 1 : undefined}
      value={text}
      autoComplete="off"
      onChange={(event) => change(event.target.value)}
    />
  );
}
