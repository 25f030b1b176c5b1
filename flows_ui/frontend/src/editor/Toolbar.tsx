import { CalendarClock, Keyboard, Play, Redo2, Rocket, Undo2 } from 'lucide-react';
import { IconButton } from '../canvas/Controls';
import { commandTitle } from '../ui/platform';
import type { Actions } from './actions';
import { SaveBadge } from './SaveBadge';
import { useEditor } from './store';
import type { Saving } from './useSaving';

/** The line above the canvas: which flow this is, whether it is saved, and what can be done with it. */
export function Toolbar({ actions, saving }: { actions: Actions; saving: Saving }) {
  const { flow, urls, can_edit: canEdit, can_run: canRun } = useEditor((state) => state.data);
  const latest = useEditor((state) => state.latestVersion);
  const canUndo = useEditor((state) => state.history.past.length > 0);
  const canRedo = useEditor((state) => state.history.future.length > 0);
  return (
    <header className="toolbar editor__toolbar">
      <h1 className="editor__flow truncate">
        <a href={`/projects/${encodeURIComponent(flow.project)}/`}>{flow.project}</a>
        <span aria-hidden="true"> / </span>
        <a href={urls.flow} className="editor__name">
          {flow.name}
        </a>
      </h1>
      <span className="tag editor__version">{latest ? `Version ${latest}` : 'Not published'}</span>
      {canEdit ? <SaveBadge saving={saving} /> : <span className="tag tag--warning">Read only</span>}
      <span className="toolbar__spacer" />
      <IconButton name="Undo" title={commandTitle('edit.undo')} disabled={!canUndo} onClick={actions.undo}>
        <Undo2 />
      </IconButton>
      <IconButton name="Redo" title={commandTitle('edit.redo')} disabled={!canRedo} onClick={actions.redo}>
        <Redo2 />
      </IconButton>
      <span className="editor__wide">
        <IconButton name="Keys" title={commandTitle('help')} onClick={() => actions.open('keys')}>
          <Keyboard />
        </IconButton>
      </span>
      <a className="button button--ghost editor__wide" href={urls.schedule}>
        <CalendarClock /> Schedule
      </a>
      <button
        type="button"
        className="button"
        title={commandTitle('flow.publish')}
        disabled={!canEdit}
        onClick={() => actions.open('publish')}
      >
        <Rocket /> Publish
      </button>
      <button
        type="button"
        className="button button--primary"
        title={commandTitle('flow.run')}
        disabled={!canRun}
        onClick={() => actions.open('run')}
      >
        <Play /> Run
      </button>
    </header>
  );
}
