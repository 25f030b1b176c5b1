import { type FocusEvent, useEffect, useRef } from 'react';

/** Properties of a group of buttons that come and go with `state`: one that goes leaves the focus to the first there. */
export function useFocusKept(state: string) {
  const ref = useRef<HTMLDivElement>(null);
  const hadFocus = useRef(false);
  useEffect(() => {
    const isLost = state !== '' && hadFocus.current && document.activeElement === document.body;
    if (isLost) ref.current?.querySelector<HTMLElement>(':is(button:enabled, summary)')?.focus();
  }, [state]);
  return {
    ref,
    onFocus: () => {
      hadFocus.current = true;
    },
    // A button that is switched off or taken away gives the focus to nothing.
    onBlur: ({ relatedTarget }: FocusEvent) => {
      hadFocus.current = relatedTarget === null;
    },
  };
}
