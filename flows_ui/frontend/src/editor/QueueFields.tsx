import type { Graph, Task } from '../core/graph';
import { isQueueOrNone, MAX_PRIORITY, readTags, usesQueue } from '../core/queues';
import { NumberField } from '../forms/NumberField';
import type { Actions } from './actions';
import { CheckedText } from './CheckedText';
import { graphOf, useEditor } from './store';

const A_YEAR = 31_536_000;

interface QueueFieldProps {
  queue: string | undefined;
  placeholder: string;
  onChange: (queue: string) => void;
}

function QueueField({ queue, placeholder, onChange }: QueueFieldProps) {
  return (
    <CheckedText
      label="Queue"
      written={queue ?? ''}
      read={(text) => (isQueueOrNone(text) ? text : null)}
      placeholder={placeholder}
      hint="Whose workers execute it."
      wanted="Up to 50 letters, digits, dots, dashes and underscores; a letter or digit first."
      onChange={onChange}
    />
  );
}

/** Who executes a function, and how long its result stands. */
export function FunctionRules({
  task,
  onChange,
}: {
  task: Task;
  onChange: (field: string, value: Partial<Task>) => void;
}) {
  const flowQueue = useEditor((state) => graphOf(state).queue);
  return (
    <>
      <QueueField
        queue={task.queue}
        placeholder={flowQueue ? `the flow's: ${flowQueue}` : "the flow's"}
        onChange={(queue) => onChange('queue', { queue })}
      />
      <CheckedText
        label="Tags"
        written={(task.tags ?? []).join(', ')}
        read={readTags}
        placeholder="none"
        hint="Like database, slow. Limits count by them."
        wanted="At most 20 tags, of up to 200 letters each."
        onChange={(tags) => onChange('tags', { tags })}
      />
      <NumberField
        label="Keep its result for later runs (seconds)"
        value={task.cache_for_seconds ?? null}
        max={A_YEAR}
        placeholder="no"
        onChange={(value) => onChange('caching', { cache_for_seconds: value || null })}
      />
    </>
  );
}

/** Which of several flows is executed first, and by whose workers. */
export function FlowRules({ actions }: { actions: Actions }) {
  const graph = useEditor(graphOf);
  const change = (field: string, value: Pick<Graph, 'queue' | 'priority'>) => actions.setFlow(value, field);
  return (
    <section className="panel-part" aria-label="Execution">
      <h3 className="panel-part__title">Execution</h3>
      <NumberField
        label="Priority"
        value={graph.priority ?? 0}
        min={-MAX_PRIORITY}
        max={MAX_PRIORITY}
        hint="From -100 to 100. Higher goes first, with all its child flow runs."
        onChange={(value) => change('priority', { priority: value ?? 0 })}
      />
      {usesQueue(graph) && (
        <QueueField
          queue={graph.queue}
          placeholder="default"
          onChange={(queue) => change('queue', { queue })}
        />
      )}
    </section>
  );
}
