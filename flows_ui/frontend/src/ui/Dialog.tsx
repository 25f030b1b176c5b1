import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';

const FIELD = '.dialog__body :is(input, select, textarea):not(.more *)';
/** What a person goes on with: the first field that is not folded away, or else the main button. */
const FIRST = `${FIELD}, .dialog:not(:has(${FIELD})) [type="submit"]`;

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
  /** With it, the content is a form and Enter submits it. */
  onSubmit?: () => void;
}

/** A modal dialog: focus stays in it, Escape and the cross close it. */
export function Dialog({ title, onClose, children, footer, onSubmit }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    element.current?.querySelector<HTMLElement>(FIRST)?.focus();
    return () => {
      // What was done here may have taken away the button that opened it.
      const next = before?.isConnected ? before : document.querySelector('main');
      if (next instanceof HTMLElement) next.focus();
    };
  }, []);
  const content = (
    <>
      <header className="dialog__header">
        <h2 className="dialog__title" id={titleId}>
          {title}
        </h2>
        <button
          type="button"
          className="button button--ghost button--icon"
          aria-label="Close"
          onClick={onClose}
        >
          <X />
        </button>
      </header>
      <div className="dialog__body">{children}</div>
      {footer && <footer className="dialog__footer">{footer}</footer>}
    </>
  );
  return (
    <dialog
      ref={element}
      className="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      {onSubmit ? (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            onSubmit();
          }}
        >
          {content}
        </form>
      ) : (
        content
      )}
    </dialog>
  );
}
