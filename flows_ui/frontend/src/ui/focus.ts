export const focusOn = (selector: string): void => document.querySelector<HTMLElement>(selector)?.focus();

export const focusCanvas = (): void => focusOn('.canvas-wrap');
