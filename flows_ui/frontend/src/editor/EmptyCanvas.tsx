import { MousePointerClick, Network } from 'lucide-react';
import type { Actions } from './actions';
import { useEditor } from './store';

const SEED = ['A', 'B', 'C', 'D'];

/** What a new flow of flows shows: how to begin, and the first example in one click where its flows exist. */
export function EmptyCanvas({ actions, onFind }: { actions: Actions; onFind: () => void }) {
  const isEmpty = useEditor((state) => state.history.present.graph.tasks.length === 0);
  const flows = useEditor((state) => state.data.flows);
  const canEdit = useEditor((state) => state.data.can_edit);
  if (!isEmpty) return null;
  const seed = SEED.flatMap((name) => flows.find((flow) => flow.name === name) ?? []);
  return (
    <div className="empty empty-canvas">
      <h2 className="empty__title">Compose a flow of flows</h2>
      <p className="empty__text">
        Drag flows here from the list, or click them. Then draw an edge from the right of one card to another
        that has to wait for it.
      </p>
      {canEdit && (
        <div className="cluster">
          <button type="button" className="button button--primary" onClick={onFind}>
            <MousePointerClick /> Find a flow to add
          </button>
          {seed.length === SEED.length && (
            <button type="button" className="button" onClick={() => actions.buildDiamond(seed)}>
              <Network /> Build A → (B, C) → D
            </button>
          )}
        </div>
      )}
    </div>
  );
}
