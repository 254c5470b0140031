import { describe, expect, test } from 'vitest';
import { add, array, cumsum, matmul, relu, sum, swapAxes, type Tensor } from '../../src/index.ts';
import { fillSlots, slotsOf } from '../../src/lower/slots.ts';
import { withPlan } from '../support/planned.ts';

const files = Object.entries(
  import.meta.glob<string>('../../shaders/*.wgsl', {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
).map(([path, text]) => ({ name: path.slice(path.lastIndexOf('/') + 1), text }));

const bias = array(new Float32Array(12).fill(0.5), [12]);

/** A small function for each shader file, and the file's specialisation for it in a snapshot. */
const samples: Readonly<Record<string, readonly [f: (...x: Tensor[]) => unknown, ...number[][]]>> =
  {
    'map.wgsl': [(x, y) => relu(add(swapAxes(x, 0, 1), y)), [3, 4], [4, 1]],
    'reduce.wgsl': [(x) => relu(sum(x, 0)), [5, 8]],
    'scan.wgsl': [(x) => cumsum(x, -1), [3, 5]],
    'contract.wgsl': [(x, y) => relu(add(matmul(x, y), bias)), [6, 7], [7, 12]],
  };

/** What a shader file begins with, which filling its slots does not change. */
const headOf = (text: string): string => (text.match(/^(?:\/\/.*\n)+/) as RegExpMatchArray)[0];

test('every shader file has a sample here', () => {
  expect(Object.keys(samples).sort()).toEqual(files.map((f) => f.name).sort());
});

describe.each(files)('$name', ({ name, text }) => {
  test('is specialised as in its snapshot', async () => {
    const [f, ...shapes] = samples[name] as (typeof samples)[string];
    const code = withPlan(f, shapes, ({ program }) => {
      expect(program.kernels.length).toBe(1);
      return program.kernels[0]!.code;
    });
    expect(code.startsWith(headOf(text))).toBe(true);
    expect(code).not.toContain('@slot');
    await expect(code).toMatchFileSnapshot(`__snapshots__/${name}`);
  });

  test('names its slots in its head, and fills them as they stand', () => {
    for (const slot of slotsOf(text)) expect(headOf(text)).toContain(slot);
    expect(fillSlots(text, {})).not.toContain('@slot');
    expect(() => fillSlots(text, { nothing: '' })).toThrow('nothing');
  });
});
