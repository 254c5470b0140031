import directFile from '../../shaders/contract.wgsl?raw';
import slicesFile from '../../shaders/contract_slices.wgsl?raw';
import subgroupFile from '../../shaders/contract_subgroup.wgsl?raw';
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
import type { Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { range } from '../util/shape.ts';
import type { Contraction, IndicesOf } from './contraction.ts';
import { isZero, type Emitter } from './emitter.ts';
import { endingInTurns, epilogue, type Sums } from './epilogue.ts';
import type { Kernel, KernelWriter } from './kernel.ts';
import { depthsFor, nest, type Bodies } from './loops.ts';
import { patchOf, type Patch } from './overlap.ts';
import { termsIn, termsOf, untilOf, type Chunk } from './terms.ts';
import { indent } from './slots.ts';
import { isNarrow, type Loads, type Tiling } from './tiling.ts';
import { repeated, rowIn, turnsOf, type Tiles } from './turns.ts';

/** Lanes of a quad, and of the subgroups that are one. */
const QUAD = 4;

const quadMask = (lane: number): string => `let only${lane} = select(0u, ~0u, lane == ${lane}u);`;

/** Rows and columns of a thread as indices, with the statements they need. */
class Places {
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

/** Writes a register tile: each thread multiplies some rows by some columns, term by term. */
export function writeRegisterTile(
  writer: KernelWriter,
  product: Contraction,
  tiling: Tiling,
): Kernel {
  const { Z, M, N, K } = product;
  const terms = termsOf(product, tiling);
  const places = new Places(product, tiling, writer.around.fresh);
  const columns = places.columns();
  const isVector = tiling.right === 'columns';
  const sum = (i: number, j: number): string => `acc${i}_${j}`;

  const left = depthsFor(writer, terms, tiling.left === 'terms' ? 'terms' : null);
  const right = depthsFor(writer, terms, tiling.right === 'single' ? null : tiling.right);
  const inArrays = tiling.repeat > 1 && isNarrow(writer.limits);
  const write: Tiles['write'] = (c, l, r, out) => {
    const a = leftFactors(writer, places, c, l);
    const b = inArrays
      ? arrayFactors(writer, places, columns, c, r)
      : rightFactors(places, columns, c, r);
    for (let t = 0; t < c.count; t++) {
      const x = range(tiling.rows).map((i) => a(i, t));
      const y = columns.map((_, j) => b(j, t));
      if (out !== l) out.lines.push(...l.lines.splice(0)); // loads right before their use
      for (const [i, xi] of x.entries())
        for (const [j, yj] of y.entries()) {
          if (isZero(xi) || isZero(yj)) continue; // between the elements of a strided convolution
          out.line(`${sum(i, j)} = fma(${xi}, ${yj}, ${sum(i, j)});`);
        }
    }
  };
  const type = isVector ? 'F4' : 'F';
  const sums = range(tiling.rows).flatMap((i) =>
    columns.map((_, j) => `var ${sum(i, j)} = ${type}(0.0);`),
  );
  const tilesN = Math.ceil(N / tiling.columns);
  const tiles = Z * Math.ceil(M / (tiling.rows * tiling.repeat)) * tilesN;
  const { variant, workgroup, slices } = tiling;
  const outermost = terms.loops[0] ?? { variable: 'k', size: 0, step: 1 };
  const constants = {
    ...{ Z, M, N, K, TILE_M: tiling.rows * tiling.repeat, TILE_N: tiling.columns },
    ...{ LOOP_K: untilOf(outermost), STEP_K: outermost.step },
  };
  const row = (i: number): Index => places.row(constant(i));
  const held: Sums = {
    ...{ rows: tiling.rows, columns: columns.length, isVector, name: sum },
    column: (j) => j,
    allRows: M % tiling.rows === 0,
    row: tiling.across > 0 && N % tiling.columns === 0 ? row : undefined,
    allColumns: N % tiling.columns === 0,
  };
  let written: Bodies;
  if (tiling.repeat > 1) {
    const turns = turnsOf(product, tiling);
    const comesInParts = terms.loops.length > 0;
    const ending = endingInTurns(writer, product, { ...held, row }, turns, comesInParts);
    written = repeated({ ...ending, turns, sums, write }, terms, left, right);
  } else {
    const loops = nest(terms, left, right, (c, l, r) => {
      write(c, l, r, r);
      return [...l.lines, ...r.lines];
    });
    const finish = epilogue(writer, product, held);
    written = { ...loops, start: [...sums, ...loops.start], finish };
  }
  const bodies = {
    start: [...places.names, ...written.start].join('\n'),
    step: written.step.join('\n'),
    rest: written.rest.join('\n'),
    finish: written.finish.join('\n'),
  };
  if (variant === 'subgroup') {
    const spread = writer.limits.subgroupSize === QUAD ? {} : { spread: '' };
    const lanes = (tiles / tilesN) * Math.ceil(tilesN / workgroup) * workgroup;
    return writer.assemble(subgroupFile, constants, { ...bodies, ...spread }, lanes, workgroup);
  }
  if (variant === 'direct') return writer.assemble(directFile, constants, bodies, tiles, workgroup);
  const names = range(tiling.rows).flatMap((i) => columns.map((_, j) => sum(i, j)));
  const place = (e: number): string => `part[${e}u * WORKGROUP + local]`;
  return writer.assemble(
    slicesFile,
    { ...constants, SLICES: slices, SUMS: names.length },
    {
      ...bodies,
      sums: `alias Sum = ${type};`,
      share: names.map((name, e) => `${place(e)} = ${name};`).join('\n'),
      collect: names.map((name, e) => `${name} = ${place(e)};`).join('\n'),
    },
    Math.ceil(tiles / (workgroup / slices)) * workgroup,
    workgroup,
  );
}

/** Text of the factor of row `i` and unrolled term `t`. */
type LeftFactor = (i: number, t: number) => string;

function leftFactors(writer: KernelWriter, places: Places, chunk: Chunk, e: Emitter): LeftFactor {
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
type RightFactor = (j: number, t: number) => string;

function rightFactors(
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

/**
 * The same, loaded by a loop into arrays first: SwiftShader compiles a tenth of the instructions. Not
 * where terms have factors in common, or factors that are zero.
 */
function arrayFactors(
  writer: KernelWriter,
  places: Places,
  columns: readonly Index[],
  chunk: Chunk,
  e: Emitter,
): RightFactor {
  const { product, z, tiling } = places;
  const { count } = chunk;
  const one = rightFactors(places, columns, chunk, writer.emitter(e.lanes));
  const all = range(count).flatMap((t) => columns.map((_, j) => one(j, t)));
  if (new Set(all).size < all.length || all.some(isZero))
    return rightFactors(places, columns, chunk, e);
  const type = tiling.right === 'columns' ? 'F4' : 'F';
  const { fresh } = writer.around;
  const arrays = columns.map(() => {
    const name = fresh('held');
    places.names.push(`var ${name}: array<${type}, ${count}>;`);
    return name;
  });
  const i = fresh('i');
  const inner = e.inside(i);
  const k = chunk.at(variable(i, count));
  for (const [j, n] of columns.entries())
    inner.line(`${arrays[j]}[${i}] = ${inner.value(product.b, product.atB(z, k, n))};`);
  e.lines.push(`for (var ${i} = 0u; ${i} < ${count}u; ${i}++) {`, ...indent(inner.lines), '}');
  const names = range(count).map((t) => arrays.map((name) => e.bind(`${name}[${t}]`, 'b')));
  return (j, t) => (names[t] as string[])[j] as string;
}

/**
 * Counts the loads of a thread, per term. Those that unrolled terms have in common, as the windows of
 * neighbouring positions have, count once.
 */
export function loadsPerTerm(product: Contraction, indicesOf: IndicesOf): Loads['perTerm'] {
  const loadsOf = (x: Tensor, places: readonly Coordinates[]): number => {
    const all = new Set<string>();
    for (const at of places) for (const e of indicesOf(x, at)) all.add(render(e));
    return all.size;
  };
  const { a, b, Z, M, N, loops } = product;
  const z = variable('z', Z);
  const k = loops.map((n, i) => variable(`k${i}`, n));
  const one = {
    left: loadsOf(a, [product.atA(z, variable('m', M), k)]),
    right: loadsOf(b, [product.atB(z, k, variable('n', N))]),
  };
  const known = new Map<string, number>();
  return (tiling) => {
    // what terms have in common is seen in the innermost loops, even where all are unrolled
    const terms = termsOf(product, { ...tiling, repeat: 1 });
    const { count } = terms.main;
    const rows = patchOf(product, terms.main)?.count ?? tiling.rows * count;
    const left = (rows * one.left) / count;
    const unrolled = tiling.repeat > 1 ? tiling.terms : count;
    const key = `${tiling.right} ${tiling.columns}`;
    if (!terms.isUnrolled || tiling.right === 'columns' || tiling.variant === 'tile')
      return { left, right: tiling.columns * one.right, unrolled };
    let right = known.get(key);
    if (right === undefined) {
      let names = 0;
      const columns = new Places(product, tiling, (prefix) => `${prefix}${names++}`).columns();
      const at = termsIn(terms.main).flatMap((t) => columns.map((n) => product.atB(z, t, n)));
      known.set(key, (right = loadsOf(b, at) / count));
    }
    return { left, right, unrolled };
  };
}
