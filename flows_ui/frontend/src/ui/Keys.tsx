import { COMMANDS, type CommandId, shownKeys } from '../core/commands';
import { Dialog } from './Dialog';
import { IS_MAC } from './platform';

/** The help sheet: every command that works here, with its keys. */
export function Keys({ works, onClose }: { works: readonly CommandId[]; onClose: () => void }) {
  const groups = Map.groupBy(works, (id) => COMMANDS[id].group);
  return (
    <Dialog title="Keys" onClose={onClose}>
      {[...groups].map(([group, ids]) => (
        <section key={group}>
          <h3 className="keys__group">{group}</h3>
          <dl className="keys">
            {ids.map((id) => (
              <div key={id}>
                <dt>{COMMANDS[id].title}</dt>
                <dd>
                  {COMMANDS[id].keys.map((keys) => (
                    <kbd key={keys} className="kbd">
                      {shownKeys(keys, IS_MAC)}
                    </kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
