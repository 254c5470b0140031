import { matmul, scaledByRow, scaledRows, type Shader, type Variant } from './matmul.ts';

/** Buffers of a chain by name, in elements. */
export type Layout = Map<string, number>;

export interface Step {
  readonly shader: Shader;
  /** names of what its bindings hold */
  readonly buffers: readonly string[];
}

/** What to run for one Jacobian. */
export interface Assembly {
  readonly layout: Layout;
  /** constants: name and elements */
  readonly constants: ReadonlyMap<string, Float32Array>;
  readonly steps: readonly Step[];
  readonly input: string;
  readonly output: string;
}

export interface Network {
  readonly widths: readonly number[];
  /** `[inputs, outputs]` of each layer */
  readonly weights: readonly Float32Array[];
  readonly samples: number;
}

function transposed(w: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(w.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = w[i * columns + j] as number;
  return out;
}

/**
 * The Jacobians of a tanh network by hand: hidden layers, then the chain of products from the narrower
 * end, tanh' in the epilogues, the product with the identity left out. Weights lie as each product
 * wants them. Backward if there are at most as many outputs as inputs; forward for one sample only.
 */
export function assemble(network: Network, variant: Variant, subgroupSize: number): Assembly {
  const { widths, weights, samples } = network;
  const last = widths.length - 1; // h0 is the input, h1 … hidden, layer l leads from h(l) to h(l+1)
  const width = (i: number): number => widths[i] as number;
  const layout: Layout = new Map([['h0', samples * width(0)]]);
  const constants = new Map<string, Float32Array>();
  const steps: Step[] = [];
  const constant = (name: string, data: Float32Array): string => {
    constants.set(name, data);
    layout.set(name, data.length);
    return name;
  };
  const add = (shader: Shader, ...buffers: string[]): void => {
    steps.push({ shader, buffers });
  };
  for (let l = 0; l < last - 1; l++) {
    layout.set(`h${l + 1}`, samples * width(l + 1));
    const shape = { m: samples, k: width(l), n: width(l + 1), epilogue: 'tanh' as const };
    const w = constant(`w${l}`, weights[l] as Float32Array);
    add(matmul(variant, shape, subgroupSize), `h${l}`, w, `h${l + 1}`);
  }
  const back = (l: number): string =>
    constant(`t${l}`, transposed(weights[l] as Float32Array, width(l), width(l + 1)));
  if (width(last) <= width(0)) {
    const m = width(last);
    const rows = samples * m;
    for (let l = last - 1; l >= 0; l--) layout.set(`g${l}`, rows * width(l));
    add(scaledRows(rows, width(last - 1), m), back(last - 1), `h${last - 1}`, `g${last - 1}`);
    for (let l = last - 2; l >= 0; l--) {
      const epilogue = l > 0 ? { scaleByColumn: m } : 'none';
      const shape = { m: rows, k: width(l + 1), n: width(l), epilogue } as const;
      const h = l > 0 ? [`h${l}`] : [];
      add(matmul(variant, shape, subgroupSize), `g${l + 1}`, back(l), `g${l}`, ...h);
    }
    return { layout, constants, steps, input: 'h0', output: 'g0' };
  }
  if (samples !== 1) throw new Error('by hand, forward is for one sample');
  const n = width(0);
  for (let l = 1; l <= last; l++) layout.set(`g${l}`, width(l) * n);
  add(scaledByRow(width(1), n), back(0), 'h1', 'g1');
  for (let l = 1; l < last; l++) {
    const epilogue = l + 1 < last ? 'scale by row' : 'none';
    const shape = { m: width(l + 1), k: width(l), n, epilogue } as const;
    const h = l + 1 < last ? [`h${l + 1}`] : [];
    add(matmul(variant, shape, subgroupSize), back(l), `g${l}`, `g${l + 1}`, ...h);
  }
  return { layout, constants, steps, input: 'h0', output: `g${last}` };
}
