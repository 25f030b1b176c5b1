import { Check, CloudOff, LoaderCircle, TriangleAlert } from 'lucide-react';
import type { SaveState } from '../net/autosave';
import { useEditor } from './store';
import type { Saving } from './useSaving';

const WORDS: Record<SaveState['kind'], string> = {
  saved: 'Saved',
  waiting: 'Saving…',
  saving: 'Saving…',
  offline: 'Offline, will retry',
  refused: 'Not saved',
  stale: 'Somebody else saved',
};

/** Whether the draft is saved, in the toolbar. */
export function SaveBadge({ saving }: { saving: Saving }) {
  const state = useEditor((found) => found.saving);
  const isFine = state.kind === 'saved';
  const isTrouble = !isFine && state.kind !== 'waiting' && state.kind !== 'saving';
  const Icon = isFine
    ? Check
    : state.kind === 'offline'
      ? CloudOff
      : isTrouble
        ? TriangleAlert
        : LoaderCircle;
  return (
    <button
      type="button"
      className={`save-badge${isTrouble ? ' save-badge--trouble' : ''}`}
      data-saving={state.kind}
      title={'message' in state ? state.message : 'Every edit is saved as you make it'}
      onClick={() => void saving.flush()}
    >
      <Icon aria-hidden="true" /> <span role="status">{WORDS[state.kind]}</span>
    </button>
  );
}

/** A line under the toolbar when saving needs a decision. */
export function SaveTrouble({ saving }: { saving: Saving }) {
  const state = useEditor((found) => found.saving);
  if (state.kind !== 'stale' && state.kind !== 'refused') return null;
  return (
    <div className="notice notice--danger save-trouble" role="alert">
      <span>
        {state.kind === 'stale'
          ? 'Somebody else saved this flow while you edited it. Your edits since then are only in this window.'
          : `Your last edits are not saved: ${state.message}`}
      </span>
      {state.kind === 'stale' && (
        <span className="cluster">
          <button type="button" className="button button--small" onClick={() => void saving.overwrite()}>
            Keep mine, replace theirs
          </button>
          <button type="button" className="button button--small" onClick={() => location.reload()}>
            Drop mine, load theirs
          </button>
        </span>
      )}
    </div>
  );
}
