import { Ban, CirclePause, CirclePlay, Ellipsis, Pencil, Play, RotateCcw, Tag } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { canCancel, canPause, canRestart, canResume, type FlowRun, waitsForChildren } from '../core/runs';
import { commandTitle } from '../ui/platform';
import { fail, togglePause } from './deeds';
import { type RunDialog, useRun, useRunStore } from './store';
import { useDeed } from './useDeed';
import { useFocusKept } from './useFocusKept';

/** What can be done with the whole run. */
export function RunActions({ run }: { run: FlowRun }) {
  const store = useRunStore();
  const canRun = useRun((state) => state.data.can_run);
  const { isBusy, failure, act } = useDeed();
  useEffect(() => {
    if (failure) fail(store, failure);
  }, [store, failure]);
  const focus = useFocusKept(run.state);
  const open = (dialog: RunDialog) => store.setState({ dialog });
  if (!canRun) return null;
  return (
    <div className="cluster run-header__actions" {...focus}>
      {canCancel(run) && (
        <button type="button" className="button button--danger" onClick={() => open('cancel')}>
          <Ban /> Cancel
        </button>
      )}
      {(canPause(run) || canResume(run)) && (
        <button
          type="button"
          className="button"
          title={commandTitle('run.pause')}
          onClick={() => void togglePause(store)}
        >
          {canResume(run) ? <CirclePlay /> : <CirclePause />} {canResume(run) ? 'Resume' : 'Pause'}
        </button>
      )}
      {canRestart(run) && (
        <button
          type="button"
          className="button button--primary"
          disabled={isBusy}
          onClick={() => void act(`flow-runs/${run.id}/restart/`, {})}
        >
          <RotateCcw /> Restart from failed
        </button>
      )}
      <button type="button" className="button" title={commandTitle('flow.run')} onClick={() => open('again')}>
        <Play /> Run again
      </button>
      <More run={run} open={open} />
    </div>
  );
}

function More({ run, open }: { run: FlowRun; open: (dialog: RunDialog) => void }) {
  const store = useRunStore();
  const editUrl = useRun((state) => state.data.edit_url);
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (menu.current) menu.current.open = false;
  };
  // What was chosen is hidden with the menu: the focus goes back to what opened it, and so does a dialog's in the end.
  const leave = () => {
    close();
    menu.current?.querySelector('summary')?.focus();
  };
  const pick = (dialog: RunDialog) => {
    leave();
    open(dialog);
  };
  if (run.state === 'Cancelling') return null;
  return (
    <details
      ref={menu}
      className="menu"
      onBlur={({ relatedTarget: next }) => {
        if (next && !menu.current?.contains(next)) close();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !menu.current) return;
        event.stopPropagation();
        leave();
      }}
    >
      <summary className="button button--icon" aria-label="More" title="More">
        <Ellipsis />
      </summary>
      <div className="menu__list">
        {canRestart(run) && Object.keys(run.parameters ?? {}).length > 0 && (
          <button type="button" onClick={() => pick('restart')}>
            <RotateCcw /> Restart with other parameters…
          </button>
        )}
        {canPause(run) && waitsForChildren(run) && (
          <button
            type="button"
            onClick={() => {
              leave();
              void togglePause(store, { leavesChildren: true });
            }}
          >
            <CirclePause /> Pause, but not its child runs
          </button>
        )}
        <button type="button" onClick={() => pick('mark')}>
          <Tag /> Mark as…
        </button>
        {editUrl && (
          <a href={editUrl}>
            <Pencil /> Edit the flow
          </a>
        )}
      </div>
    </details>
  );
}
