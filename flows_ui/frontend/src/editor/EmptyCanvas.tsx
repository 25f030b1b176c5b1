import { MousePointerClick, Network } from 'lucide-react';
import { IS_DOWN } from '../canvas/direction';
import type { Camera } from '../canvas/useCamera';
import type { Actions } from './actions';
import { shownGraphOf, useEditor, useEditorStore } from './store';

const SEED = ['A', 'B', 'C', 'D'];

interface EmptyCanvasProps {
  actions: Actions;
  camera: Camera;
  onFind: () => void;
}

/** What a new flow of flows shows: how to begin, and the first example in one click where its flows exist. */
export function EmptyCanvas({ actions, camera, onFind }: EmptyCanvasProps) {
  const store = useEditorStore();
  const isEmpty = useEditor((state) => state.history.present.graph.tasks.length === 0);
  const flows = useEditor((state) => state.data.flows);
  const canEdit = useEditor((state) => state.data.can_edit);
  if (!isEmpty) return null;
  const seed = SEED.flatMap((name) => flows.find((flow) => flow.name === name) ?? []);
  const build = () => {
    actions.buildDiamond(seed);
    camera.fitTo(shownGraphOf(store.getState()).tasks);
  };
  return (
    <div className="empty empty-canvas">
      <h2 className="empty__title">Compose a flow of flows</h2>
      <p className="empty__text">
        {IS_DOWN
          ? 'Tap flows in the list to add them. Then draw an edge from the bottom of one card to another that has to wait for it.'
          : 'Drag flows here from the list, or click them. Then draw an edge from the right of one card to another that has to wait for it.'}
      </p>
      {canEdit && (
        <div className="cluster">
          <button type="button" className="button button--primary" onClick={onFind}>
            <MousePointerClick /> Find a flow to add
          </button>
          {seed.length === SEED.length && (
            <button type="button" className="button" onClick={build}>
              <Network /> Build A → (B, C) → D
            </button>
          )}
        </div>
      )}
    </div>
  );
}
