import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';

export interface Choice {
  value: string;
  label: string;
  detail?: string;
}

interface PickerProps {
  label: string;
  placeholder: string;
  choices: Choice[];
  empty: string;
  onPick: (value: string) => void;
}

/** A combobox over a list that is always open: type to narrow it, arrows to go through it, Enter to take one. */
export function Picker({ label, placeholder, choices, empty, onPick }: PickerProps) {
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const found = choices.filter((choice) =>
    `${choice.label} ${choice.detail ?? ''}`.toLowerCase().includes(text.trim().toLowerCase()),
  );
  const index = Math.min(active, found.length - 1);

  useEffect(() => {
    list.current?.children[index]?.scrollIntoView({ block: 'nearest' });
  }, [index]);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      event.preventDefault();
      setActive((index + step + found.length) % found.length);
    }
    const choice = found[index];
    if (event.key === 'Enter' && choice) {
      event.preventDefault();
      onPick(choice.value);
    }
  };

  return (
    <div className="field">
      <label className="field__label" htmlFor={`${id}-input`}>
        {label}
      </label>
      <input
        id={`${id}-input`}
        className="input"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={found.length ? `${id}-${index}` : undefined}
        placeholder={placeholder}
        value={text}
        autoComplete="off"
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={`${id}-list`} role="listbox" aria-label={label} className="picker" ref={list}>
        {found.map((choice, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keys
          <div
            key={choice.value}
            id={`${id}-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === index}
            className="picker__option"
            onClick={() => onPick(choice.value)}
            onPointerMove={() => setActive(at)}
          >
            <span className="truncate">{choice.label}</span>
            {choice.detail && <span className="muted small truncate">{choice.detail}</span>}
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="field__hint">{empty}</p>}
    </div>
  );
}
