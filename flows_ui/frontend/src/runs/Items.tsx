import { useEffect, useState } from 'react';
import { type ItemCounts, itemCounts, type TaskRun } from '../core/runs';
import { isUnsuccessful, labelOf } from '../core/states';
import { call } from '../net/api';
import { showItem } from './deeds';
import { useRun, useRunStore } from './store';
import { Badge, Duration } from './words';

interface Page {
  count: number;
  next: string | null;
  results: TaskRun[];
}

// Items end by the hundred: the list is read again when they have been quiet for so long, or as often as that.
const READ_AGAIN_MS = 500;

/** The items of a mapped task: how many are in which state, and page by page each of them. */
export function Items({ taskRun, items }: { taskRun: TaskRun; items: ItemCounts }) {
  const store = useRunStore();
  // Of those that did not all do well, first what went wrong.
  const [wanted, setState] = useState(() => firstWrong(items));
  const state = wanted && items.states[wanted] ? wanted : null;
  const [pages, setPages] = useState(1);
  const found = useItems(taskRun, state, pages);
  const counts = itemCounts(items);
  return (
    <section className="panel-part" aria-label="Items">
      <h3 className="panel-part__title">Items</h3>
      <fieldset className="items__states">
        <legend className="visually-hidden">Show items</legend>
        {[[null, items.number] as const, ...counts].map(([name, number]) => (
          <button
            key={name ?? ''}
            type="button"
            className="button button--small"
            aria-pressed={state === name}
            onClick={() => {
              setState(name);
              setPages(1);
            }}
          >
            {name === null ? 'All' : labelOf(name)} <span className="numeric">{number}</span>
          </button>
        ))}
      </fieldset>
      {found && (
        <ul className="items__list">
          {found.results.map((item) => (
            <li key={item.id}>
              <button type="button" className="items__item" onClick={() => showItem(store, item)}>
                <span className="mono numeric">[{item.map_index}]</span>
                <Badge state={item.state} isPlain />
                <span className="truncate muted small" title={item.message}>
                  {item.message}
                </span>
                <Duration span={item} />
              </button>
            </li>
          ))}
        </ul>
      )}
      {found?.next && (
        <button type="button" className="button button--small" onClick={() => setPages(pages + 1)}>
          Show more of {found.count}
        </button>
      )}
    </section>
  );
}

const firstWrong = (items: ItemCounts): string | null =>
  itemCounts(items).find(([state]) => isUnsuccessful(state))?.[0] ?? null;

function useItems(taskRun: TaskRun, state: string | null, pages: number): Page | null {
  const run = useRun((found) => found.run.id);
  const [page, setPage] = useState<Page | null>(null);
  const { slug } = taskRun;
  const version = JSON.stringify(taskRun.items);
  const question = JSON.stringify([slug, state, pages]);
  const [answered, setAnswered] = useState('');
  useEffect(() => {
    // The counts are part of the question: others have another answer.
    let isWanted = version !== '';
    const read = () => {
      const wanted = new URLSearchParams({ slug, page_size: String(Math.min(200, 50 * pages)) });
      if (state) wanted.set('state', state);
      call<Page>('GET', `flow-runs/${run}/items/?${wanted}`)
        .then((found) => {
          if (!isWanted) return;
          setPage(found);
          setAnswered(question);
        })
        .catch(() => undefined);
    };
    const timer = setTimeout(read, question === answered ? READ_AGAIN_MS : 0);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [run, slug, state, pages, version, question, answered]);
  return page;
}
