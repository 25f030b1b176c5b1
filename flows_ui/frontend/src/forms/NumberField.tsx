import { useId, useState } from 'react';

interface Props {
  label: string;
  /** null: nothing is set, and the field is empty. */
  value: number | null;
  min?: number;
  max: number;
  step?: number;
  hint?: string;
  /** What an empty field means. */
  placeholder?: string;
  onChange: (value: number | null) => void;
}

/** A number within limits. It may be empty while somebody types; what was meant is said when the field is left. */
export function NumberField({ label, value, min = 0, max, step = 1, hint, placeholder, onChange }: Props) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="input"
        type="number"
        min={min}
        max={max}
        step={step}
        placeholder={placeholder}
        value={typed ?? value ?? ''}
        aria-describedby={hint && `${id}-hint`}
        onChange={(event) => {
          setTyped(event.target.value);
          const number = event.target.valueAsNumber;
          const whole = step === 1 ? Math.trunc(number) : number;
          onChange(Number.isNaN(number) ? null : Math.min(max, Math.max(min, whole)));
        }}
        onBlur={() => setTyped(null)}
      />
      {hint && (
        <p className="field__hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
