import { edgeId, nameOf } from '../core/graph';
import { downstreamsOf, refusedFrom, topologicalOrder, upstreamsOf } from '../core/reach';
import { Dialog } from '../ui/Dialog';
import { Picker } from '../ui/Picker';
import type { Actions } from './actions';
import { graphOf, useEditor } from './store';

interface ConnectProps {
  slug: string;
  actions: Actions;
  onClose: () => void;
}

/** Draw an edge without a pointer: the list holds only tasks where it may end. */
export function ConnectDialog({ slug, actions, onClose }: ConnectProps) {
  const graph = useEditor(graphOf);
  const refused = refusedFrom(graph, slug);
  const before = upstreamsOf(graph);
  const choices = topologicalOrder(graph)
    .filter((entry) => !refused.has(entry.slug))
    .map((entry) => ({
      value: entry.slug,
      label: nameOf(graph, entry.slug),
      detail: waitsText((before.get(entry.slug) ?? []).map((upstream) => nameOf(graph, upstream))),
    }));
  return (
    <Dialog title={`Connect ${nameOf(graph, slug)}`} onClose={onClose}>
      <Picker
        label={`Task that waits for ${nameOf(graph, slug)}`}
        placeholder="Type a name, Enter connects"
        choices={choices}
        empty="No task can wait for it: the others already do, or it would be a cycle."
        onPick={(downstream) => {
          onClose();
          actions.connect(slug, downstream);
        }}
      />
    </Dialog>
  );
}

const waitsText = (names: string[]): string =>
  names.length ? `waits for ${names.join(', ')}` : 'waits for nothing';

/** Remove one of a task's edges without a pointer. */
export function DisconnectDialog({ slug, actions, onClose }: ConnectProps) {
  const graph = useEditor(graphOf);
  const name = nameOf(graph, slug);
  const choices = [
    ...(upstreamsOf(graph).get(slug) ?? []).map((upstream) => ({
      value: edgeId({ upstream, downstream: slug }),
      label: nameOf(graph, upstream),
      detail: `${name} waits for it`,
    })),
    ...(downstreamsOf(graph).get(slug) ?? []).map((downstream) => ({
      value: edgeId({ upstream: slug, downstream }),
      label: nameOf(graph, downstream),
      detail: `waits for ${name}`,
    })),
  ];
  return (
    <Dialog title={`Disconnect ${name}`} onClose={onClose}>
      <Picker
        label={`Task to disconnect from ${name}`}
        placeholder="Type a name, Enter disconnects"
        choices={choices}
        empty="It has no edges."
        onPick={(id) => {
          onClose();
          actions.disconnect(new Set([id]));
        }}
      />
    </Dialog>
  );
}
