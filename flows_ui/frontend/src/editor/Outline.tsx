import { TriangleAlert } from 'lucide-react';
import { type KeyboardEvent, useMemo } from 'react';
import { placedToDraw } from '../canvas/direction';
import type { Camera } from '../canvas/useCamera';
import { findTask, nameOf } from '../core/graph';
import { topologicalOrder, upstreamsOf } from '../core/reach';
import type { Actions } from './actions';
import { chosenSlug, graphOf, useEditor } from './store';

/** The tasks as a list, each after those it waits for: the canvas for whoever does not use a pointer. */
export function Outline({ actions, camera }: { actions: Actions; camera: Camera }) {
  const graph = useEditor(graphOf);
  const chosen = useEditor((state) => state.tasks);
  const current = useEditor(chosenSlug);
  const problems = useEditor((state) => state.problems);
  const rows = useMemo(() => {
    const before = upstreamsOf(graph);
    return topologicalOrder(graph).map(({ slug, depth }) => ({
      slug,
      depth,
      name: nameOf(graph, slug),
      waitsFor: (before.get(slug) ?? []).map((upstream) => nameOf(graph, upstream)).join(', '),
    }));
  }, [graph]);
  const troubled = new Set(problems.map((problem) => problem.task));

  const choose = (slug: string) => {
    actions.select([slug]);
    const place = findTask(placedToDraw(graph), slug)?.position;
    if (place) camera.reveal(place);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const isEdge = event.key === 'Home' || event.key === 'End';
    if (event.altKey || (!step && !isEdge)) return;
    event.preventDefault();
    const at = rows.findIndex((row) => row.slug === current);
    const next = step
      ? Math.min(rows.length - 1, Math.max(0, at + step))
      : event.key === 'Home'
        ? 0
        : rows.length - 1;
    const row = rows[next];
    if (row) choose(row.slug);
  };

  return (
    <section className="side outline" aria-label="Outline">
      <h2 className="side__title">
        Outline <span className="count">{rows.length}</span>
      </h2>
      <div className="side__scroll">
        {rows.length === 0 && (
          <p className="side__empty">Tasks are listed here in the order they can start.</p>
        )}
        <div
          role="listbox"
          aria-label="Tasks in the order they can start"
          aria-multiselectable="true"
          aria-activedescendant={
            current ? `outline-${rows.findIndex((row) => row.slug === current)}` : undefined
          }
          tabIndex={0}
          className="outline__list"
          onKeyDown={onKeyDown}
        >
          {rows.map((row, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the list above has the keys
            <div
              key={row.slug}
              id={`outline-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={chosen.has(row.slug)}
              className="outline__row"
              data-outline={row.slug}
              style={{ paddingLeft: 16 + Math.min(row.depth, 8) * 12 }}
              onClick={() => choose(row.slug)}
            >
              <span className="outline__name truncate">{row.name}</span>
              {troubled.has(row.slug) && (
                <TriangleAlert className="task-card__mark" aria-label="has a problem" />
              )}
              {row.waitsFor && <span className="outline__waits truncate">waits for {row.waitsFor}</span>}
            </div>
          ))}
        </div>
      </div>
    </section>
  );
}
