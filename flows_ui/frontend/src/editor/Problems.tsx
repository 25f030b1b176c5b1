import { ChevronDown, ChevronUp, CircleCheck, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import type { Problem } from '../net/api';
import { commandTitle } from '../ui/platform';
import { useEditor } from './store';

/** The line below the canvas: what keeps the flow from being published, and the way to each place. */
export function Problems({ onShow }: { onShow: (problem: Problem) => void }) {
  const saved = useEditor((state) => state.problems);
  const isEmpty = useEditor((state) => state.history.present.graph.tasks.length === 0);
  const [isOpen, setOpen] = useState(false);
  if (isEmpty) return null;
  // Until the first task is saved, the server still has an empty graph.
  const problems = saved.filter((problem) => problem.code !== 'empty_graph');
  if (problems.length === 0) {
    return (
      <section className="problems" aria-label="Problems">
        <p className="problems__line problems__line--fine">
          <CircleCheck aria-hidden="true" /> No problems
        </p>
      </section>
    );
  }
  return (
    <section className="problems" aria-label="Problems">
      <button
        type="button"
        className="problems__line"
        aria-expanded={isOpen}
        title={commandTitle('problem.next')}
        onClick={() => setOpen(!isOpen)}
      >
        <TriangleAlert aria-hidden="true" />
        <strong>
          {problems.length} problem{problems.length === 1 ? '' : 's'}
        </strong>
        {!isOpen && <span className="truncate muted">{problems[0]?.message}</span>}
        {isOpen ? <ChevronDown aria-hidden="true" /> : <ChevronUp aria-hidden="true" />}
      </button>
      {isOpen && <ProblemList problems={problems} onShow={onShow} />}
    </section>
  );
}

/** Each problem as a button that leads to its place. */
export function ProblemList({
  problems,
  onShow,
}: {
  problems: Problem[];
  onShow?: (problem: Problem) => void;
}) {
  return (
    <ul className="problems__list">
      {problems.map((problem) => (
        <li key={`${problem.code} ${problem.task} ${problem.field} ${problem.message}`}>
          {onShow && (problem.task || problem.edge) ? (
            <button type="button" className="problems__item" onClick={() => onShow(problem)}>
              {problem.message}
            </button>
          ) : (
            <span className="problems__item">{problem.message}</span>
          )}
        </li>
      ))}
    </ul>
  );
}
