import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

/** Render a page's island from the JSON that Django put beside it. */
export function mountIsland<T>(render: (data: T) => ReactNode): void {
  const place = document.getElementById('island');
  const data = document.getElementById('island-data')?.textContent;
  if (!place || !data) throw new Error('The page has no #island or no #island-data.');
  createRoot(place).render(<StrictMode>{render(JSON.parse(data) as T)}</StrictMode>);
}
