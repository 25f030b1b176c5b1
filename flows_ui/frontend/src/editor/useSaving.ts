import { useEffect, useMemo } from 'react';
import { call, flowPath, type Problem } from '../net/api';
import { Autosave } from '../net/autosave';
import type { Draft, EditorState, EditorStore } from './store';

interface SavedDraft {
  revision: number;
  problems: Problem[];
}

export interface Saving {
  /** Save now; true once everything is saved. */
  flush: () => Promise<boolean>;
  /** Put this draft over what somebody else saved meanwhile. */
  overwrite: () => Promise<boolean>;
  revision: () => number;
}

/** Save every edit of the draft as it is made, and hold the reader back from leaving with unsaved ones. */
export function useSaving(store: EditorStore): Saving {
  const [autosave, saving] = useMemo(() => {
    const { flow, draft } = store.getState().data;
    const path = `flows/${flowPath(flow)}/draft/`;
    const made = new Autosave<Draft, SavedDraft>({
      revision: draft.revision,
      save: ({ graph, schema }, revision) => call('PUT', path, { graph, parameter_schema: schema, revision }),
      onState: (state) => store.setState({ saving: state }),
      onSaved: ({ problems }) => store.setState({ problems }),
    });
    const overwrite = async () => made.overwrite((await call<SavedDraft>('GET', path)).revision);
    return [made, { flush: () => made.flush(), overwrite, revision: () => made.currentRevision }];
  }, [store]);

  useEffect(() => {
    const stopWatching = store.subscribe((state: EditorState, before: EditorState) => {
      const { present } = state.history;
      if (present !== before.history.present) autosave.edited(present);
    });
    const onOnline = () => void autosave.flush();
    const onLeave = (event: BeforeUnloadEvent) => {
      if (!autosave.isSaved) event.preventDefault();
    };
    const onHide = () => {
      if (document.visibilityState === 'hidden' && !autosave.isSaved) void autosave.flush();
    };
    addEventListener('online', onOnline);
    addEventListener('beforeunload', onLeave);
    document.addEventListener('visibilitychange', onHide);
    return () => {
      stopWatching();
      removeEventListener('online', onOnline);
      removeEventListener('beforeunload', onLeave);
      document.removeEventListener('visibilitychange', onHide);
    };
  }, [autosave, store]);

  return saving;
}
