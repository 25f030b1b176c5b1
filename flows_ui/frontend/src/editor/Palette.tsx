import { GitBranch, GripVertical, Merge, Plus, UserCheck } from 'lucide-react';
import { type DragEvent, type KeyboardEvent, useState } from 'react';
import { CASE, CONTROLS, type ControlKind, MERGE } from '../core/control';
import { type Addable, APPROVAL } from '../core/graph';
import { search } from '../core/search';
import { focusCanvas } from '../ui/focus';
import type { Actions } from './actions';
import { type FlowItem, useEditor } from './store';

export const FLOW_DRAG_TYPE = 'application/x-anabranch-flow';

/** What is dragged from the palette onto the canvas; null if something else is. */
export function readDragged(transfer: DataTransfer): Addable | null {
  const text = transfer.getData(FLOW_DRAG_TYPE);
  return text ? (JSON.parse(text) as Addable) : null;
}

/** The flows that can be started as tasks, and the other tasks: click, Enter or drag adds one. */
export function Palette({ actions, onAdd }: { actions: Actions; onAdd: (added: Addable) => void }) {
  const data = useEditor((state) => state.data);
  const [text, setText] = useState('');
  const others = data.flows.filter(
    (flow) => flow.project !== data.flow.project || flow.name !== data.flow.name,
  );
  const found = search(others, text);
  const offers = OFFERS.filter((offer) => offer.name.toLowerCase().includes(text.trim().toLowerCase()));
  const groups = [...Map.groupBy(found, (flow) => flow.project)];

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const first = found[0] ?? offers[0]?.added;
    if (event.key === 'Enter' && first && event.target instanceof HTMLInputElement) onAdd(first);
    if (event.key === 'Escape') {
      event.preventDefault();
      setText('');
      actions.show('canvas');
      focusCanvas();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('input, .palette__flow')];
    stops[stops.indexOf(document.activeElement as HTMLElement) + step]?.focus();
  };

  return (
    <section className="side palette" aria-label="Flows" onKeyDown={onKeyDown}>
      <h2 className="side__title">
        Flows <span className="count">{others.length}</span>
      </h2>
      <div className="search-field side__search">
        <input
          id="palette-search"
          className="input input--small"
          type="search"
          placeholder="Find a flow to add (A)"
          aria-label="Find a flow to add"
          value={text}
          autoComplete="off"
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <div className="side__scroll">
        {offers.length > 0 && (
          <div className="palette__group">
            <h3 className="palette__project">Other tasks</h3>
            <ul className="palette__list">
              {offers.map((offer) => (
                <li key={offer.added}>
                  <PaletteOffer offer={offer} isDisabled={!data.can_edit} onAdd={onAdd} />
                </li>
              ))}
            </ul>
          </div>
        )}
        {groups.map(([project, flows]) => (
          <div key={project} className="palette__group">
            <h3 className="palette__project">{project}</h3>
            <ul className="palette__list">
              {flows.map((flow) => (
                <li key={flow.name}>
                  <PaletteFlow flow={flow} isDisabled={!data.can_edit} onAdd={onAdd} />
                </li>
              ))}
            </ul>
          </div>
        ))}
        {found.length === 0 && !(text && offers.length) && (
          <p className="side__empty">
            {others.length ? `No flow matches “${text}”.` : 'There is no other flow that you may run yet.'}
          </p>
        )}
      </div>
    </section>
  );
}

interface PaletteFlowProps {
  flow: FlowItem;
  isDisabled: boolean;
  onAdd: (added: Addable) => void;
}

function PaletteFlow({ flow, isDisabled, onAdd }: PaletteFlowProps) {
  const onDragStart = (event: DragEvent) => {
    event.dataTransfer.setData(FLOW_DRAG_TYPE, JSON.stringify({ project: flow.project, name: flow.name }));
    event.dataTransfer.effectAllowed = 'copy';
  };
  return (
    <button
      type="button"
      className="palette__flow"
      draggable={!isDisabled}
      disabled={isDisabled}
      data-flow={`${flow.project}/${flow.name}`}
      title={flow.description || `Add ${flow.project}/${flow.name}`}
      onDragStart={onDragStart}
      onClick={() => onAdd(flow)}
    >
      <GripVertical aria-hidden="true" />
      <span className="palette__text">
        <span className="truncate">{flow.name}</span>
        {flow.description && (
          // The title says it too, as the description of the button.
          <span aria-hidden="true" className="truncate faint small">
            {flow.description}
          </span>
        )}
      </span>
      <Plus aria-hidden="true" />
    </button>
  );
}

interface Offer {
  added: typeof APPROVAL | ControlKind;
  name: string;
  about: string;
  Icon: typeof Plus;
}

const OFFERS: Offer[] = [
  { added: CASE, ...CONTROLS.case, Icon: GitBranch },
  { added: MERGE, ...CONTROLS.merge, Icon: Merge },
  { added: APPROVAL, name: 'Approval', about: 'Waits until a person approves', Icon: UserCheck },
];

function PaletteOffer({ offer, isDisabled, onAdd }: Omit<PaletteFlowProps, 'flow'> & { offer: Offer }) {
  const { added, name, about, Icon } = offer;
  return (
    <button
      type="button"
      className="palette__flow"
      draggable={!isDisabled}
      disabled={isDisabled}
      data-offer={added}
      title={about}
      onDragStart={(event) => {
        event.dataTransfer.setData(FLOW_DRAG_TYPE, JSON.stringify(added));
        event.dataTransfer.effectAllowed = 'copy';
      }}
      onClick={() => onAdd(added)}
    >
      <Icon aria-hidden="true" />
      <span className="palette__text">
        <span className="truncate">{name}</span>
        <span aria-hidden="true" className="truncate faint small">
          {about}
        </span>
      </span>
      <Plus aria-hidden="true" />
    </button>
  );
}
