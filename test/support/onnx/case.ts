import type { Attributes, ElementName, Operand } from './build.ts';

/** One node to be compared with another implementation. */
export interface OpCase {
  readonly op: string;
  /** what is particular about it */
  readonly title: string;
  readonly opset: number;
  /** `null`: left out */
  readonly inputs: readonly (Operand | null)[];
  readonly attributes: Attributes;
  /** number of outputs, or which are asked for */
  readonly outputs: number | readonly boolean[];
  /** the other implementation lacks it: the value is not compared */
  readonly alone?: true;
  /** of values; default 1e-5 */
  readonly tolerance?: number;
  /** step of the differences; default 1e-5 */
  readonly step?: number;
}

type Options = Partial<Pick<OpCase, 'attributes' | 'outputs' | 'alone' | 'tolerance' | 'step'>> & {
  title?: string;
  opset?: number;
};

/** A case in opset 17 with one output unless said. */
export const test = (
  op: string,
  inputs: readonly (Operand | null)[],
  { title = '', opset = 17, attributes = {}, outputs = 1, ...rest }: Options = {},
): OpCase => ({ op, inputs, title, opset, attributes, outputs, ...rest });

/** Numbers in [0, 1), the same in each run (Widynski's squares would do as well as this LCG). */
let state = 12345;
function random(): number {
  state = (state * 1103515245 + 12345) % 2 ** 31;
  return state / 2 ** 31;
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** f32 numbers between `low` and `high`, none closer than 0.01 to 0. */
export function floats(shape: readonly number[], low = -2, high = 2): Operand {
  const data = Array.from({ length: size(shape) }, () => {
    const v = low + (high - low) * random();
    return Math.fround(Math.abs(v) < 0.01 ? v + 0.02 : v);
  });
  return { type: 'float', shape, data };
}

/** Distinct f32 numbers in random order: no ties. */
export function distinct(shape: readonly number[]): Operand {
  const data = Array.from({ length: size(shape) }, (_, i) =>
    Math.fround((i - size(shape) / 2.1) / 7),
  );
  for (let i = data.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [data[i], data[j]] = [data[j] as number, data[i] as number];
  }
  return { type: 'float', shape, data };
}

type Numbers = number | readonly Numbers[];

function flat(values: Numbers): { shape: number[]; data: number[] } {
  if (typeof values === 'number') return { shape: [], data: [values] };
  const rows = values.map(flat);
  return {
    shape: [values.length, ...(rows[0]?.shape ?? [])],
    data: rows.flatMap((r) => r.data),
  };
}

/** Given numbers of a type, passed when the model is called. */
export const given = (values: Numbers, type: ElementName = 'float'): Operand => ({
  type,
  ...flat(values),
});

/** Whole numbers passed when the model is called. */
export const integers = (values: Numbers): Operand => given(values, 'int64');

/** Whole numbers in the file. */
export const stored = (values: Numbers, type: ElementName = 'int64'): Operand => ({
  ...given(values, type),
  stored: true,
});

/** An operand in the file. */
export const inFile = (operand: Operand): Operand => ({ ...operand, stored: true });
