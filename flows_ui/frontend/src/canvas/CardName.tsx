import type { CardData } from './elements';

/** The name on a card, cut where it is too long, and what tells it apart, never cut. */
export function CardName({ data }: { data: CardData }) {
  return (
    <span className="task-card__name" title={spokenName(data)}>
      <span className="truncate">{data.task.name}</span>
      {data.distinction && <span className="task-card__distinction">{data.distinction}</span>}
    </span>
  );
}

/** The same as text, for titles and screen readers. */
export const spokenName = ({ task, distinction }: CardData): string =>
  distinction ? `${task.name} ${distinction}` : task.name;
