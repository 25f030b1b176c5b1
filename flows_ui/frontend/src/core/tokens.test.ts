import { describe, expect, it } from 'vitest';
import css from '../../../../static/css/tokens.css?raw';
import { STATE_TABLE } from './states.generated';

const PAIR = /--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)/g;
const tokens = new Map([...css.matchAll(PAIR)].map(([, name, light, dark]) => [name, [light, dark]]));

const color = (name: string, theme: 0 | 1) => {
  const hex = tokens.get(name)?.[theme] ?? '';
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
};
const mixed = (one: number[], share: number, other: number[]) =>
  one.map((value, index) => value * share + (other[index] ?? 0) * (1 - share));
const luminance = (rgb: number[]) => {
  const [r, g, b] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
};
const contrast = (one: number[], other: number[]) => {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
};

const TEXT_ON: [string, string[]][] = [
  ['text', ['bg', 'surface', 'surface-2', 'surface-3', 'accent-soft', 'danger-soft', 'warning-soft']],
  ['text-muted', ['bg', 'surface', 'surface-2', 'surface-3']],
  ['text-faint', ['bg', 'surface', 'surface-2']],
  ['link', ['bg', 'surface', 'surface-2']],
  ['accent', ['surface', 'accent-soft']],
  ['on-accent', ['accent', 'accent-hover']],
  ['danger', ['surface', 'danger-soft']],
  ['on-danger', ['danger', 'danger-hover']],
  ['warning', ['surface', 'warning-soft']],
  ['success', ['surface', 'success-soft']],
  ['info', ['surface', 'info-soft']],
];

describe.each([
  ['light', 0],
  ['dark', 1],
] as const)('in the %s theme', (_, theme) => {
  it.each(TEXT_ON.flatMap(([text, grounds]) => grounds.map((ground) => [text, ground] as const)))(
    '%s can be read on %s',
    (text, ground) => {
      expect(contrast(color(text, theme), color(ground, theme))).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(STATE_TABLE.map((row) => row.name))('the badge of %s can be read', (name) => {
    const state = color(`state-${name.toLowerCase()}`, theme);
    const ground = mixed(state, 0.11, color('surface', theme));

    expect(contrast(state, ground)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['border-control', 'focus'])('%s stands out from the surface', (name) => {
    expect(contrast(color(name, theme), color('surface', theme))).toBeGreaterThanOrEqual(3);
  });
});
