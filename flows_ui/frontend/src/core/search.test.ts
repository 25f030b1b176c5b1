import { expect, it } from 'vitest';
import { search } from './search';

const flow = (name: string, description = '') => ({ name, project: 'examples', description });
const names = (text: string) =>
  search([flow('load', 'Reads the day'), flow('reload-d'), flow('d'), flow('day')], text).map(
    (found) => found.name,
  );

it('puts the name itself first, then names that begin so, then the rest', () => {
  expect(names('d')).toEqual(['d', 'day', 'load', 'reload-d']);
});

it('finds words of the description last', () => {
  expect(names('DAY')).toEqual(['day', 'load']);
});

it('finds by project and name', () => {
  expect(names('examples/re')).toEqual(['reload-d']);
  expect(names('zebra')).toEqual([]);
});
