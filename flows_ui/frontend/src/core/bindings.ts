/** Where a task's input comes from: a literal, an upstream's result, or a parameter of the flow. Data, never code. */
import type { Graph, Task } from './graph';
import { ancestorsOf } from './reach';

export type Binding =
  | { kind: 'literal'; value: unknown }
  | { kind: 'upstream'; task: string; path?: string }
  | { kind: 'parameter'; name: string }
  | { kind: 'list'; items: Binding[] }
  | { kind: 'object'; fields: Record<string, Binding> }
  | { kind: 'item'; of: Binding }
  | { kind: 'flat'; of: Binding };

/** The kinds that a form can fill in; the others are written in code. */
export type PlainBinding = Extract<Binding, { kind: 'literal' | 'upstream' | 'parameter' }>;

export const isPlain = (binding: Binding): binding is PlainBinding =>
  binding.kind === 'literal' || binding.kind === 'upstream' || binding.kind === 'parameter';

/** The result of a task, or a place in it. The whole of it is written as the server keeps it: without a place. */
export const resultOf = (task: string, path: string): PlainBinding => ({
  kind: 'upstream',
  task,
  ...(path && { path }),
});

/** The bindings of a child flow's parameters, by name. */
export function parameterBindings(task: Task): Record<string, Binding> {
  const parameters = task.inputs?.parameters;
  return parameters?.kind === 'object' ? parameters.fields : {};
}

/** Whether all parameters come from one place instead of field by field; the form cannot edit those. */
export const hasWholeBinding = (task: Task): boolean =>
  task.inputs?.parameters !== undefined && task.inputs.parameters.kind !== 'object';

/** The task with one parameter bound anew, or unset where `binding` is null. */
export function withParameter(task: Task, name: string, binding: Binding | null): Task {
  const { [name]: _, ...others } = parameterBindings(task);
  const fields = binding ? { ...parameterBindings(task), [name]: binding } : others;
  return { ...task, inputs: { ...task.inputs, parameters: { kind: 'object', fields } } };
}

/** Every binding inside one, with its place such as `parameters.rows[0]`. */
export function* walkBindings(binding: Binding, place = ''): Generator<[string, Binding]> {
  yield [place, binding];
  if (binding.kind === 'list') {
    for (const [index, item] of binding.items.entries()) yield* walkBindings(item, `${place}[${index}]`);
  }
  if (binding.kind === 'object') {
    for (const [name, field] of Object.entries(binding.fields)) {
      yield* walkBindings(field, place ? `${place}.${name}` : name);
    }
  }
  if (binding.kind === 'item' || binding.kind === 'flat') yield* walkBindings(binding.of, place);
}

/** Whether the task is executed once an item of a list. */
export const isMapped = (task: Task): boolean =>
  Object.values(task.inputs ?? {}).some((input) =>
    [...walkBindings(input)].some(([, found]) => found.kind === 'item'),
  );

export interface BrokenBinding {
  task: Task;
  field: string;
  upstream: string;
}

/** Bindings that read the result of a task which is not upstream (any more). */
export function brokenBindings(graph: Graph): BrokenBinding[] {
  return graph.tasks.flatMap((task) => {
    const read = Object.entries(task.inputs ?? {})
      .flatMap(([key, binding]) => [...walkBindings(binding, key)])
      .flatMap(([field, found]) => (found.kind === 'upstream' ? [{ field, upstream: found.task }] : []));
    if (read.length === 0) return [];
    const ancestors = ancestorsOf(graph, task.slug);
    return read.filter(({ upstream }) => !ancestors.has(upstream)).map((broken) => ({ task, ...broken }));
  });
}

/** A binding in a few words, for a card or a list. */
export function describeBinding(binding: Binding, name: (slug: string) => string): string {
  switch (binding.kind) {
    case 'literal':
      return JSON.stringify(binding.value);
    case 'upstream':
      return `result of ${name(binding.task)}${binding.path ? ` at ${binding.path}` : ''}`;
    case 'parameter':
      return `parameter ${binding.name}`;
    case 'list':
      return `list of ${binding.items.length}`;
    case 'object':
      return `object with ${Object.keys(binding.fields).join(', ') || 'no fields'}`;
    case 'item':
      return `each item of ${describeBinding(binding.of, name)}`;
    case 'flat':
      return `flattened ${describeBinding(binding.of, name)}`;
  }
}

const MOST_PLACES = 100;
const NESTED = 3;

/** Places in a result such as `rows[0].id`, for somebody to choose from: the outer ones first. */
export function placesIn(result: unknown): string[] {
  const places: string[] = [];
  let level: [string, unknown][] = [['', result]];
  for (let depth = 0; depth < NESTED; depth += 1) {
    level = level.flatMap(([place, value]) => partsOf(place, value));
    places.push(...level.map(([place]) => place));
  }
  return places.slice(0, MOST_PLACES);
}

/** What is right inside a value; of a list the first item stands for all. */
function partsOf(place: string, value: unknown): [string, unknown][] {
  if (Array.isArray(value)) return value.length > 0 ? [[`${place}[0]`, value[0]]] : [];
  if (typeof value !== 'object' || value === null) return [];
  // A key with these in it cannot be told from a place.
  const named = Object.entries(value).filter(([key]) => !/[.[\]]/.test(key));
  return named.map(([key, part]) => [place ? `${place}.${key}` : key, part]);
}

const PATH = /^(?:\.?[^.[\]]+|\[\d+\])*$/;

/** What is wrong with a path into a result; null if it is written like `rows[0].id`. */
export const pathProblem = (path: string): string | null =>
  PATH.test(path) ? null : 'Write the place like rows[0].id.';
