import { GripVertical, Plus, UserCheck } from 'lucide-react';
import { type DragEvent, type KeyboardEvent, useState } from 'react';
import { type Addable, APPROVAL } from '../core/graph';
import { search } from '../core/search';
import type { Actions } from './actions';
import { type FlowItem, useEditor } from './store';
import { focusCanvas } from './useEditorCommands';

export const FLOW_DRAG_TYPE = 'application/x-anabranch-flow';

/** What is dragged from the palette onto the canvas; null if something else is. */
export function readDragged(transfer: DataTransfer): Addable | null {
  const text = transfer.getData(FLOW_DRAG_TYPE);
  return text ? (JSON.parse(text) as Addable) : null;
}

/** The flows that can be started as tasks, and the approval: click, Enter or drag adds one. */
export function Palette({ actions, onAdd }: { actions: Actions; onAdd: (added: Addable) => void }) {
  const data = useEditor((state) => state.data);
  const [text, setText] = useState('');
  const others = data.flows.filter(
    (flow) => flow.project !== data.flow.project || flow.name !== data.flow.name,
  );
  const found = search(others, text);
  const offersApproval = 'approval'.includes(text.trim().toLowerCase());
  const groups = [...Map.groupBy(found, (flow) => flow.project)];

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const [first] = found;
    const wanted = first ?? (offersApproval ? APPROVAL : null);
    if (event.key === 'Enter' && wanted && event.target instanceof HTMLInputElement) onAdd(wanted);
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
        {offersApproval && (
          <div className="palette__group">
            <h3 className="palette__project">People</h3>
            <PaletteApproval isDisabled={!data.can_edit} onAdd={onAdd} />
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
        {found.length === 0 && !(text && offersApproval) && (
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

function PaletteApproval({ isDisabled, onAdd }: Omit<PaletteFlowProps, 'flow'>) {
  return (
    <button
      type="button"
      className="palette__flow"
      draggable={!isDisabled}
      disabled={isDisabled}
      title="Waits until a person approves or rejects"
      onDragStart={(event) => {
        event.dataTransfer.setData(FLOW_DRAG_TYPE, JSON.stringify(APPROVAL));
        event.dataTransfer.effectAllowed = 'copy';
      }}
      onClick={() => onAdd(APPROVAL)}
    >
      <UserCheck aria-hidden="true" />
      <span className="palette__text">
        <span className="truncate">Approval</span>
        <span aria-hidden="true" className="truncate faint small">
          Waits until a person approves
        </span>
      </span>
      <Plus aria-hidden="true" />
    </button>
  );
}
