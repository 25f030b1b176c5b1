/** Parameter schemas: which input a property gets, and how typed text becomes a value. The server validates. */

export interface PropertySchema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  format?: string;
  minimum?: number;
  maximum?: number;
}

export interface ParameterSchema {
  type: 'object';
  properties: Record<string, PropertySchema>;
  required?: string[];
  additionalProperties?: boolean;
}

export const FIELD_TYPES = {
  string: 'Text',
  integer: 'Whole number',
  number: 'Number',
  boolean: 'Yes or no',
  date: 'Date',
  'date-time': 'Date and time',
  array: 'List',
  object: 'Object',
  any: 'Any JSON',
} as const;
export type FieldType = keyof typeof FIELD_TYPES;
export type InputKind = FieldType | 'enum';

export const EMPTY_SCHEMA: ParameterSchema = {
  type: 'object',
  properties: {},
  required: [],
  additionalProperties: false,
};

/** The order in which a form asks: required first, then by name. What is stored keeps no order of its own. */
export function inFormOrder(schema: Pick<ParameterSchema, 'required'>, names: readonly string[]): string[] {
  const required = new Set(schema.required);
  return names.toSorted((a, b) => Number(required.has(b)) - Number(required.has(a)) || a.localeCompare(b));
}

const typesOf = (property: PropertySchema): string[] =>
  [property.type ?? []].flat().filter((type) => type !== 'null');

/** The input a property needs. Several types, or none, are edited as JSON. */
export function inputKind(property: PropertySchema): InputKind {
  if (property.enum) return 'enum';
  const types = typesOf(property);
  const type = types.length === 1 ? types[0] : undefined;
  if (type === 'string' && (property.format === 'date' || property.format === 'date-time'))
    return property.format;
  return type && type in FIELD_TYPES ? (type as FieldType) : 'any';
}

export const isJsonKind = (kind: InputKind): boolean => ['array', 'object', 'any'].includes(kind);

/** The property schema of a type that a person picked for a parameter of the flow. */
export function propertyOfType(type: FieldType): PropertySchema {
  if (type === 'any') return {};
  if (type === 'date' || type === 'date-time') return { type: 'string', format: type };
  return { type };
}

/** A schema for editing values that have none: each stays of the type that it has, and is its own default. */
export function schemaOfValues(values: Record<string, unknown>): ParameterSchema {
  const properties = Object.entries(values).map(([name, value]) => [
    name,
    { ...propertyOfValue(value), default: value },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties), required: [] };
}

function propertyOfValue(value: unknown): PropertySchema {
  if (Array.isArray(value)) return { type: 'array' };
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'integer' : 'number' };
  return value === null ? {} : { type: typeof value };
}

export type Parsed = { ok: true; value: unknown } | { ok: false; message: string };

const parsed = (value: unknown): Parsed => ({ ok: true, value });
const refused = (message: string): Parsed => ({ ok: false, message });

/** The value that a text in an input of this kind stands for. */
export function parseText(kind: InputKind, text: string): Parsed {
  switch (kind) {
    case 'integer':
      return /^-?\d+$/.test(text.trim()) ? parsed(Number(text)) : refused('Give a whole number.');
    case 'number':
      return text.trim() && Number.isFinite(Number(text)) ? parsed(Number(text)) : refused('Give a number.');
    case 'date-time':
      return parsed(text && !/(Z|[+-]\d\d:\d\d)$/.test(text) ? withLocalOffset(text) : text);
    case 'array':
    case 'object':
    case 'any':
      return parseJson(kind, text);
    default:
      return parsed(text);
  }
}

function parseJson(kind: InputKind, text: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refused(`Not JSON: ${(error as Error).message}`);
  }
  if (kind === 'array' && !Array.isArray(value)) return refused('Give a list: [1, 2, 3].');
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  if (kind === 'object' && !isObject) return refused('Give an object: {"name": "value"}.');
  return parsed(value);
}

/** The text that an input of this kind shows for a value. */
export function textOf(kind: InputKind, value: unknown): string {
  if (value === undefined) return '';
  if (isJsonKind(kind)) return JSON.stringify(value, null, 2);
  if (value === null) return '';
  if (kind === 'date-time') return localTextOf(String(value));
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-22T09:30` in the reader's zone -> the same moment with its offset. */
function withLocalOffset(text: string): string {
  const minutes = -new Date(text).getTimezoneOffset();
  if (Number.isNaN(minutes)) return text;
  const size = Math.abs(minutes);
  const seconds = /T\d\d:\d\d$/.test(text) ? ':00' : '';
  return `${text}${seconds}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function localTextOf(moment: string): string {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return '';
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** What a run form starts with: the given values over the defaults. */
export function initialValues(
  schema: ParameterSchema,
  given: Record<string, unknown> = {},
): Record<string, unknown> {
  const defaults = Object.entries(schema.properties ?? {})
    .filter(([, property]) => 'default' in property)
    .map(([name, property]) => [name, property.default]);
  return { ...Object.fromEntries(defaults), ...given };
}
