import { describe, expect, test } from 'vitest';
import { add, array, cumsum, matmul, relu, sum, swapAxes, type Tensor } from '../../src/index.ts';
import type { LowerLimits } from '../../src/lower/kernel.ts';
import { fillSlots, slotsOf } from '../../src/lower/slots.ts';
import { withPlan, type Planned } from '../support/planned.ts';

const files = Object.entries(
  import.meta.glob<string>('../../shaders/*.wgsl', {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
).map(([path, text]) => ({ name: path.slice(path.lastIndexOf('/') + 1), text }));

const bias = array(new Float32Array(12).fill(0.5), [12]);

interface Sample {
  readonly f: (...x: Tensor[]) => unknown;
  readonly shapes: readonly (readonly number[])[];
  /** of the device that this file is for */
  readonly limits?: Partial<LowerLimits>;
}

const product: Pick<Sample, 'f' | 'shapes'> = {
  f: (x, y) => relu(add(matmul(x, y), bias)),
  shapes: [
    [6, 7],
    [7, 12],
  ],
};

/** A small function for each shader file, and the file's specialisation for it in a snapshot. */
const samples: Readonly<Record<string, Sample>> = {
  'map.wgsl': {
    f: (x, y) => relu(add(swapAxes(x, 0, 1), y)),
    shapes: [
      [3, 4],
      [4, 1],
    ],
  },
  'reduce.wgsl': { f: (x) => relu(sum(x, 0)), shapes: [[5, 8]] },
  'scan.wgsl': { f: (x) => cumsum(x, -1), shapes: [[3, 5]] },
  'contract.wgsl': product,
  'contract_slices.wgsl': {
    f: (x, y) => relu(add(matmul(x, y), bias)),
    shapes: [
      [6, 70],
      [70, 12],
    ],
    limits: { tiling: { variant: 'slices', rows: 2 } },
  },
  'contract_tile.wgsl': { ...product, limits: { tiling: { variant: 'tile', rows: 4 } } },
  'contract_subgroup.wgsl': {
    ...product,
    limits: { subgroupSize: 4, isSoftware: true, tiling: { variant: 'subgroup' } },
  },
};

/** What a shader file begins with, which filling its slots does not change. */
const headOf = (text: string): string => (text.match(/^(?:\/\/.*\n)+/) as RegExpMatchArray)[0];

test('every shader file has a sample here', () => {
  expect(Object.keys(samples).sort()).toEqual(files.map((f) => f.name).sort());
});

describe.each(files)('$name', ({ name, text }) => {
  test('is specialised as in its snapshot', async () => {
    const { f, shapes, limits } = samples[name] as Sample;
    const look = ({ program }: Planned): string => {
      expect(program.kernels.length).toBe(1);
      return program.kernels[0]!.code;
    };
    const code = withPlan(f, shapes, look, limits);
    expect(code).toContain(headOf(text));
    expect(code).not.toContain('@slot');
    await expect(code).toMatchFileSnapshot(`__snapshots__/${name}`);
  });

  test('names its slots in its head, and fills them as they stand', () => {
    const head = headOf(text);
    // "as in map.wgsl"
    const others = files.filter((f) => f.text !== text && head.includes(f.name));
    const described = [head, ...others.map((f) => headOf(f.text))].join('');
    for (const slot of slotsOf(text)) expect(described).toContain(slot);
    expect(fillSlots(text, {})).not.toContain('@slot');
    expect(() => fillSlots(text, { nothing: '' })).toThrow('nothing');
  });
});
