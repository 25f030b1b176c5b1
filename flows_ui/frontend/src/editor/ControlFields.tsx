import { ArrowUp } from 'lucide-react';
import { describeBinding } from '../core/bindings';
import { branchesOf, TESTS, testOf, withBranchEarlier, withTest } from '../core/control';
import { nameOf, type Task } from '../core/graph';
import { SelectField } from '../forms/SelectField';
import type { Actions } from './actions';
import { BindingField } from './BindingField';
import { graphOf, useEditor } from './store';

const CONDITION = { title: 'Condition' };
const VALUE = { title: 'Value' };

/** The form of a case: what is asked of which result. */
export function CaseFields({ task, actions }: { task: Task; actions: Actions }) {
  const problems = useEditor((state) => state.problems);
  const errorOf = (field: string) =>
    problems.find((found) => found.task === task.slug && found.field === field)?.message;
  const test = testOf(task);
  return (
    <section className="panel-part" aria-label="Condition">
      <h3 className="panel-part__title">What follows runs if</h3>
      <BindingField
        task={task}
        name="condition"
        property={CONDITION}
        isRequired
        binding={task.inputs?.condition}
        error={errorOf('condition')}
        actions={actions}
        isInput
      />
      <SelectField
        label="Test"
        value={test}
        choices={TESTS}
        onChange={(value) => actions.setTask(task.slug, withTest(task, value), 'test')}
      />
      {test === 'equals' && (
        <BindingField
          task={task}
          name="value"
          property={VALUE}
          isRequired
          binding={task.inputs?.value}
          error={errorOf('value')}
          actions={actions}
          isInput
        />
      )}
      <p className="field__hint">Otherwise it is skipped, and what follows it with it.</p>
    </section>
  );
}

/** The branches of a merge, in the order in which their results count. */
export function MergeFields({ task, actions }: { task: Task; actions: Actions }) {
  const graph = useEditor(graphOf);
  const branches = branchesOf(task);
  const words = branches.map((branch) =>
    describeBinding(branch, (slug) => nameOf(graph, slug)).replace(/^result of /, ''),
  );
  return (
    <section className="panel-part" aria-label="Branches">
      <h3 className="panel-part__title">Branches</h3>
      {branches.length === 0 && <p className="muted">None yet: connect the tasks whose results it takes.</p>}
      <ol className="waits" hidden={branches.length === 0}>
        {words.map((branch, index) => (
          <li key={branch}>
            <span className="truncate">
              {index + 1}. {branch}
            </span>
            {index > 0 && (
              <button
                type="button"
                className="button button--ghost button--icon button--small"
                aria-label={`Let ${branch} count earlier`}
                title={`Let ${branch} count earlier`}
                onClick={() => actions.setTask(task.slug, withBranchEarlier(task, index), 'branches')}
              >
                <ArrowUp />
              </button>
            )}
          </li>
        ))}
      </ol>
      <p className="field__hint">
        Its result is the first of these that is there; skipped branches have none.
      </p>
    </section>
  );
}
