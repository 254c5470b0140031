import {
  add,
  constant,
  div,
  mod,
  offset,
  render,
  scale,
  variable,
  type Index,
} from '../ir/index-expr.ts';
import { range } from '../util/shape.ts';
import type { Contraction } from './contraction.ts';
import type { Emitter } from './emitter.ts';
import type { KernelWriter } from './kernel.ts';
import { patchOf, type Patch } from './overlap.ts';
import type { Chunk } from './terms.ts';
import type { Tiling } from './tiling.ts';
import { rowIn, turnsOf } from './turns.ts';

/** Lanes of a quad, and of the subgroups that are one. */
export const QUAD = 4;

const quadMask = (lane: number): string => `let only${lane} = select(0u, ~0u, lane == ${lane}u);`;

/** Rows and columns of a thread as indices, with the statements they need. */
export class Places {
  readonly names: string[] = [];
  readonly z: Index;

  constructor(
    readonly product: Contraction,
    readonly tiling: Tiling,
    private readonly fresh: (prefix: string) => string,
  ) {
    this.z = variable('z', product.Z);
  }

  /** `text` as a variable with `size` values. */
  name(prefix: string, text: string, size: number): Index {
    const name = this.fresh(prefix);
    this.names.push(`let ${name} = ${text};`);
    return variable(name, size);
  }

  /** Masks with all bits set in one lane of a quad: what `spread` takes. */
  quadMasks(): void {
    if (this.names.includes(quadMask(0))) return;
    this.names.push(...range(QUAD).map(quadMask));
  }

  /** Row `i` of the thread; beyond the last row, that row once more. */
  row(i: Index): Index {
    const { M } = this.product;
    const { rows, repeat } = this.tiling;
    if (repeat > 1) return rowIn(turnsOf(this.product, this.tiling), rows, M, i);
    if (M % rows === 0) return add(scale(variable('tile_m', M / rows), rows), i);
    return this.name('r', `min(m0 + ${render(i)}, M - 1u)`, M);
  }

  /** The columns of the thread; one index for a vector of columns. */
  columns(): Index[] {
    const { N } = this.product;
    const { right, columns } = this.tiling;
    if (right === 'columns') return [variable('n0', N)];
    const first = scale(variable('tile_n', Math.ceil(N / columns)), columns);
    if (N % columns === 0) return range(columns).map((j) => offset(first, j));
    return range(columns).map((j) => this.name('q', `min(n0 + ${j}u, N - 1u)`, N));
  }
}

/** Text of the factor of row `i` and unrolled term `t`. */
export type LeftFactor = (i: number, t: number) => string;

export function leftFactors(
  writer: KernelWriter,
  places: Places,
  chunk: Chunk,
  e: Emitter,
): LeftFactor {
  const { product, tiling, z } = places;
  const isVector = tiling.right === 'columns';
  const load = (m: Index, k: readonly Index[]): string => e.value(product.a, product.atA(z, m, k));
  if (tiling.variant === 'subgroup') {
    const size = writer.limits.subgroupSize as number;
    const elements = patchOf(product, chunk) ?? separate(tiling.rows, chunk);
    const shares = sharesOf(places, elements, size).map(([m, k]) => load(m, k));
    const known = new Map<number, string>();
    if (size === QUAD) places.quadMasks();
    return (i, t) => {
      const element = elements.element(i, t);
      const share = shares[Math.floor(element / size)] as string;
      const lane = element % size;
      const text =
        size === QUAD ? `spread(${share}, only${lane})` : `subgroupBroadcast(${share}, ${lane}u)`;
      if (isVector) return `F4(${text})`;
      const name = known.get(element) ?? e.bind(text, 'a');
      known.set(element, name);
      return name;
    };
  }
  const widen = (text: string): string => (isVector ? `F4(${text})` : text);
  const rows = range(tiling.rows).map((i) => places.row(constant(i)));
  if (tiling.left === 'terms')
    return (i, t) => {
      const four = load(rows[i] as Index, chunk.fourAt(constant(t - (t % 4))));
      return widen(`${four}.${'xyzw'[t % 4]}`);
    };
  return (i, t) => widen(load(rows[i] as Index, chunk.at(constant(t))));
}

/** Rows that share nothing: one element for each of them and each term of a chunk. */
const separate = (rows: number, { count, at }: Chunk): Patch => ({
  count: rows * count,
  element: (i, t) => i * count + t,
  reader: (e) => [div(e, count), at(mod(e, count))],
});

/** The elements that the rows read in a chunk of terms dealt out to the lanes: what each loads, in turns. */
function sharesOf(places: Places, { count, reader }: Patch, size: number): [Index, Index[]][] {
  const name: Places['name'] = (...value) => places.name(...value);
  return range(Math.ceil(count / size)).map((turn) => {
    const first = turn * size;
    const element =
      first + size <= count
        ? offset(variable('lane', size), first)
        : places.name('e', `min(lane + ${first}u, ${count - 1}u)`, count);
    const [row, k] = reader(element, name);
    return [places.row(row), k];
  });
}

/** Text of the factor of column `j` and unrolled term `t`. */
export type RightFactor = (j: number, t: number) => string;

export function rightFactors(
  { product, tiling, z }: Places,
  columns: readonly Index[],
  { at, fourAt }: Chunk,
  e: Emitter,
): RightFactor {
  const load = (j: number, k: readonly Index[]): string =>
    e.value(product.b, product.atB(z, k, columns[j] as Index));
  if (tiling.right !== 'terms') return (j, t) => load(j, at(constant(t)));
  return (j, t) => `${load(j, fourAt(constant(t - (t % 4))))}.${'xyzw'[t % 4]}`;
}
