/** Edits of a flow's own parameters. Each returns a new schema. */
import type { ParameterSchema, PropertySchema } from './schema';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What is wrong with a name for a parameter; null if nothing is. */
export function parameterNameProblem(schema: ParameterSchema, name: string, current?: string): string | null {
  if (!NAME.test(name)) return 'Use letters, digits and _, and begin with a letter.';
  if (name !== current && name in schema.properties) return `There is a parameter ${name} already.`;
  return null;
}

/** A name that is still free: `parameter`, `parameter_2`, ... */
export function freeParameterName(schema: ParameterSchema): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? 'parameter' : `parameter_${number}`;
    if (!(name in schema.properties)) return name;
  }
}

export function setParameter(
  schema: ParameterSchema,
  name: string,
  property: PropertySchema,
): ParameterSchema {
  return { ...schema, properties: { ...schema.properties, [name]: property } };
}

export function renameParameter(schema: ParameterSchema, name: string, next: string): ParameterSchema {
  const properties = Object.entries(schema.properties).map(([key, value]) => [
    key === name ? next : key,
    value,
  ]);
  return {
    ...schema,
    properties: Object.fromEntries(properties),
    required: (schema.required ?? []).map((key) => (key === name ? next : key)),
  };
}

export function removeParameter(schema: ParameterSchema, name: string): ParameterSchema {
  const { [name]: _, ...properties } = schema.properties;
  return { ...schema, properties, required: (schema.required ?? []).filter((key) => key !== name) };
}

export function setRequired(schema: ParameterSchema, name: string, isRequired: boolean): ParameterSchema {
  const others = (schema.required ?? []).filter((key) => key !== name);
  return { ...schema, required: isRequired ? [...others, name] : others };
}
