import { describe, expect, it } from 'vitest';
import {
  freeParameterName,
  parameterNameProblem,
  removeParameter,
  renameParameter,
  setParameter,
  setRequired,
} from './parameters';
import {
  EMPTY_SCHEMA,
  inFormOrder,
  initialValues,
  inputKind,
  parseText,
  schemaOfValues,
  textOf,
} from './schema';

describe('inputKind', () => {
  it.each([
    [{ type: 'string' }, 'string'],
    [{ type: 'string', format: 'date' }, 'date'],
    [{ type: ['integer', 'null'] }, 'integer'],
    [{ type: ['integer', 'string'] }, 'any'],
    [{ enum: ['a'], type: 'string' }, 'enum'],
    [{}, 'any'],
  ])('of %j is %s', (property, kind) => {
    expect(inputKind(property)).toBe(kind);
  });
});

describe('parseText', () => {
  it.each([
    ['integer', '5', 5],
    ['number', '1e3', 1000],
    ['object', '{"a": [1]}', { a: [1] }],
    ['any', 'null', null],
    ['string', '5', '5'],
    ['date-time', '2026-11-22T09:30:00Z', '2026-11-22T09:30:00Z'],
  ] as const)('reads a %s from %j', (kind, text, value) => {
    expect(parseText(kind, text)).toEqual({ ok: true, value });
  });

  it.each([
    ['integer', '1.5'],
    ['integer', ''],
    ['number', 'much'],
    ['array', '{}'],
    ['object', '[]'],
    ['any', '{'],
  ] as const)('refuses a %s of %j', (kind, text) => {
    expect(parseText(kind, text).ok).toBe(false);
  });

  it('keeps the moment of a date and time', () => {
    const shown = textOf('date-time', '2026-11-22T09:30:00Z');
    const read = parseText('date-time', shown);

    expect(read.ok && Date.parse(String(read.value))).toBe(Date.parse('2026-11-22T09:30:00Z'));
  });
});

it('starts a form with the defaults under the given values', () => {
  const schema = { ...EMPTY_SCHEMA, properties: { a: { default: 1 }, b: { default: 2 }, c: {} } };

  expect(initialValues(schema, { b: 3 })).toEqual({ a: 1, b: 3 });
});

describe('parameters of a flow', () => {
  const schema = setRequired(setParameter(EMPTY_SCHEMA, 'day', { type: 'string' }), 'day', true);

  it('keep their place and requirement when renamed', () => {
    const renamed = renameParameter(setParameter(schema, 'rows', {}), 'day', 'date');

    expect(Object.keys(renamed.properties)).toEqual(['date', 'rows']);
    expect(renamed.required).toEqual(['date']);
  });

  it('leave nothing behind when removed', () => {
    expect(removeParameter(schema, 'day')).toEqual(EMPTY_SCHEMA);
  });

  it('have names of their own', () => {
    expect(parameterNameProblem(schema, 'day')).toContain('already');
    expect(parameterNameProblem(schema, 'day', 'day')).toBeNull();
    expect(parameterNameProblem(schema, '2nd')).toContain('letters');
    expect(freeParameterName(setParameter(schema, 'parameter', {}))).toBe('parameter_2');
  });
});

it('asks for what is required first, then by name', () => {
  expect(inFormOrder({ required: ['rows', 'day'] }, ['a', 'rows', 'mode', 'day'])).toEqual([
    'day',
    'rows',
    'a',
    'mode',
  ]);
  expect(inFormOrder({}, ['b', 'a'])).toEqual(['a', 'b']);
});

it('makes a form for values without a schema, each of its own type', () => {
  const values = { rows: 5, share: 0.5, place: 'north', isOpen: true, list: [1], box: {}, none: null };
  const { properties } = schemaOfValues(values);

  const kinds = Object.entries(properties).map(([name, property]) => [name, inputKind(property)]);
  expect(Object.fromEntries(kinds)).toEqual({
    rows: 'integer',
    share: 'number',
    place: 'string',
    isOpen: 'boolean',
    list: 'array',
    box: 'object',
    none: 'any',
  });
  expect(properties.rows?.default).toBe(5);
});
