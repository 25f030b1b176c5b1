import { useId, useState } from 'react';

interface Props<Value> {
  label: string;
  /** The value as text. */
  written: string;
  /** The value of a text, or null where it has none. */
  read: (text: string) => Value | null;
  hint: string;
  /** What to write instead, where `read` found no value. */
  wanted: string;
  placeholder?: string;
  onChange: (value: Value) => void;
}

/** A text that must be of some form. What cannot be read stays while somebody types, and is dropped when they leave. */
export function CheckedText<Value>({
  label,
  written,
  read,
  hint,
  wanted,
  placeholder,
  onChange,
}: Props<Value>) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? written;
  const isWrong = read(text) === null;
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="input"
        value={text}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        aria-invalid={isWrong || undefined}
        aria-describedby={`${id}-hint`}
        onChange={(event) => {
          setTyped(event.target.value);
          const value = read(event.target.value);
          if (value !== null) onChange(value);
        }}
        onBlur={() => setTyped(null)}
      />
      <p className={isWrong ? 'field__error' : 'field__hint'} id={`${id}-hint`}>
        {isWrong ? wanted : hint}
      </p>
    </div>
  );
}
