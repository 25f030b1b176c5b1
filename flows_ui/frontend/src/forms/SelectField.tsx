import { useId } from 'react';

interface Props<Name extends string> {
  label: string;
  value: Name;
  /** Name -> the words for it, in the order in which they are offered. */
  choices: Record<Name, string>;
  hint?: string;
  onChange: (value: Name) => void;
}

/** One of a few choices. */
export function SelectField<Name extends string>({ label, value, choices, hint, onChange }: Props<Name>) {
  const id = useId();
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <select
        id={id}
        className="input"
        value={value}
        aria-describedby={hint && `${id}-hint`}
        onChange={(event) => onChange(event.target.value as Name)}
      >
        {Object.entries<string>(choices).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
      {hint && (
        <p className="field__hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
