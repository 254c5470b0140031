import contractFile from '../../shaders/contract.wgsl?raw';
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
import { unflatten } from '../ir/index-map.ts';
import { range, sizeOf } from '../util/shape.ts';
import type { Contraction } from './contraction.ts';
import type { Emitter } from './emitter.ts';
import { epilogue, indent } from './epilogue.ts';
import type { Kernel, KernelWriter } from './kernel.ts';
import type { Tiling } from './tiling.ts';

/** Inner loops of so few terms, all together, are unrolled. */
const MAX_UNROLLED = 12;

/** A loop over terms. */
interface Loop {
  readonly variable: string;
  readonly size: number;
  /** terms per step; the last `size % step` are left over */
  readonly step: number;
}

/** Terms that are unrolled in the innermost loop, or after it. */
interface Chunk {
  readonly count: number;
  /** unrolled term `t`, as an index per loop of the contraction */
  at(t: Index): Index[];
  /** the same for four terms from `t` on, as lanes of the innermost loop variable */
  fourAt(t: Index): Index[];
}

/** The loops over the terms: some are loops of the kernel, the inner ones are unrolled. */
interface Terms {
  readonly loops: readonly Loop[];
  readonly main: Chunk;
  /** terms that the step of the innermost loop leaves over */
  readonly rest: Chunk | null;
}

function termsOf({ loops }: Contraction, { terms: step, left: a, right: b }: Tiling): Terms {
  let inner = loops.length;
  const isStepped = a === 'terms' || b === 'terms';
  while (!isStepped && inner > 0 && sizeOf(loops.slice(inner - 1)) <= MAX_UNROLLED) inner--;
  const taps = loops.slice(inner);
  const last = taps.length > 0 ? 1 : step;
  const outer = loops.slice(0, inner).map((size, i): Loop => {
    const isLast = i === inner - 1;
    return { variable: i === 0 ? 'k' : `k${i}`, size, step: isLast ? last : 1 };
  });
  const variables = outer.map(({ variable: name, size }) => variable(name, size));
  const chunk = (count: number, at: (t: Index, lanes: number) => Index[]): Chunk => ({
    count,
    at: (t) => at(t, 1),
    fourAt: (t) => at(t, 4),
  });
  if (taps.length > 0)
    return {
      loops: outer,
      main: chunk(sizeOf(taps), (t) => [...variables, ...unflatten(t, taps)]),
      rest: null,
    };
  const { variable: name, size } = outer[inner - 1] as Loop;
  const over = size % step;
  const from = (first: number) => (t: Index, lanes: number) => [
    ...variables.slice(0, -1),
    add(variable(name, first + lanes), t),
  ];
  return {
    loops: outer,
    main: chunk(step, from(size - over - step)),
    rest: over > 0 ? chunk(over, from(size - over)) : null,
  };
}

/** An emitter for each depth of the loops, from before them to the innermost body. */
type Depths = Emitter[];

/** Writes a register tile: each thread multiplies `rows` by `columns` elements, term by term. */
export function writeRegisterTile(
  writer: KernelWriter,
  product: Contraction,
  tile: Tiling,
): Kernel {
  const { Z, M, N, K } = product;
  const terms = termsOf(product, tile);
  const tilesM = Math.ceil(M / tile.rows);
  const tilesN = Math.ceil(N / tile.columns);
  const names: string[] = [];
  const row = (r: Index): Index => {
    if (M % tile.rows === 0) return add(scale(variable('tile_m', tilesM), tile.rows), r);
    const name = writer.around.fresh('r');
    names.push(`let ${name} = min(m0 + ${render(r)}, M - 1u);`);
    return variable(name, M);
  };
  const isVector = tile.right === 'columns';
  const columns = range(isVector ? 1 : tile.columns).map((j) => {
    if (isVector) return variable('n0', N);
    if (N % tile.columns === 0) return offset(scale(variable('tile_n', tilesN), tile.columns), j);
    if (j === 0) return variable('n0', N);
    names.push(`let n${j} = min(n0 + ${j}u, N - 1u);`);
    return variable(`n${j}`, N);
  });
  const z = variable('z', Z);
  const innermost = terms.loops.at(-1)?.variable ?? 'k';
  const depths = (lanesAt: 'all' | 'innermost' | null, lane: string): Depths => {
    const lanes = { variable: lane, strict: true };
    const list = [writer.emitter(lanesAt === 'all' ? lanes : undefined)];
    terms.loops.forEach(({ variable: name }, i) => {
      const on = lanesAt === 'all' || (lanesAt === 'innermost' && i === terms.loops.length - 1);
      list.push((list[i] as Emitter).inside(name, on ? lanes : undefined));
    });
    return list;
  };
  const right = depths(
    isVector ? 'all' : tile.right === 'terms' ? 'innermost' : null,
    isVector ? 'n0' : innermost,
  );
  const left =
    tile.left === 'terms'
      ? depths('innermost', innermost)
      : isVector || tile.right === 'terms'
        ? depths(null, '')
        : right;
  const chains = left === right ? [right] : [left, right];

  const type = isVector ? 'F4' : 'F';
  const acc = (i: number, j: number): string => `acc${i}_${j}`;

  /** Loads and products of `count` unrolled terms, by the innermost emitters. */
  const write = (chunk: Chunk, l: Emitter, r: Emitter): void => {
    const factor = leftFactors(writer, product, tile, chunk, l, { z, row, names });
    const other = rightFactors(product, tile, chunk, r, { z, columns });
    for (let t = 0; t < chunk.count; t++)
      range(tile.rows).forEach((i) => {
        const x = factor(i, t, r, isVector);
        columns.forEach((_, j) =>
          r.line(`${acc(i, j)} = fma(${x}, ${other(j, t)}, ${acc(i, j)});`),
        );
      });
  };

  const depth = terms.loops.length;
  const [l, r] = [left[depth] as Emitter, right[depth] as Emitter];
  write(terms.main, l, r);
  const linesAt = (d: number): string[] => chains.flatMap((c) => (c[d] as Emitter).lines);
  let body = depth > 0 ? linesAt(depth) : [];
  let rest: string[] = [];
  if (terms.rest) {
    const { variable: name, size, step } = terms.loops[depth - 1] as Loop;
    const again = chains.map((c) =>
      (c[depth - 1] as Emitter).inside(name, (c[depth] as Emitter).lanes),
    ) as [Emitter, Emitter?];
    write(terms.rest, again[0], again[1] ?? again[0]);
    rest = [
      `{`,
      `  let ${name} = ${Math.floor(size / step) * step}u;`,
      ...indent(again.flatMap((e) => e?.lines ?? [])),
      '}',
    ];
  }
  for (let d = depth; d > 1; d--) {
    const { variable: name, size, step } = terms.loops[d - 1] as Loop;
    const until = Math.floor(size / step) * step;
    body = [
      ...linesAt(d - 1),
      `for (var ${name} = 0u; ${name} < ${until}u; ${name} += ${step}u) {`,
      ...indent(body),
      '}',
      ...rest,
    ];
    rest = [];
  }
  const start = [
    ...names,
    ...range(tile.rows).flatMap((i) => columns.map((_, j) => `var ${acc(i, j)} = ${type}(0.0);`)),
    ...linesAt(0),
  ];
  if (depth === 0) {
    // products of a contraction that is unrolled altogether
    body = [];
  }
  const blocks = Z * tilesM * Math.ceil(tilesN / tile.workgroup);
  const first = terms.loops[0] ?? { size: 0, step: 1 };
  return writer.assemble(
    tile.variant === 'subgroup' ? subgroupFile : contractFile,
    {
      ...{ Z, M, N, K },
      TILE_M: tile.rows,
      TILE_N: tile.columns,
      LOOP_K: first.size - (first.size % first.step),
      STEP_K: first.step,
    },
    {
      start: start.join('\n'),
      step: body.join('\n'),
      rest: rest.join('\n'),
      finish: epilogue(writer, product, {
        rows: tile.rows,
        columns: columns.length,
        isVector,
        name: acc,
        column: (j) => j,
        allRows: M % tile.rows === 0,
        allColumns: N % tile.columns === 0,
      }).join('\n'),
    },
    tile.variant === 'subgroup' ? blocks * tile.workgroup : Z * tilesM * tilesN,
    tile.workgroup,
  );
}

/** Text of the factor of row `i` and unrolled term `t`; `e` writes what it needs right before. */
type LeftFactor = (i: number, t: number, e: Emitter, wide: boolean) => string;

function leftFactors(
  writer: KernelWriter,
  product: Contraction,
  tile: Tiling,
  { count, at, fourAt }: Chunk,
  e: Emitter,
  { z, row, names }: { z: Index; row: (r: Index) => Index; names: string[] },
): LeftFactor {
  const widen = (text: string, wide: boolean): string => (wide ? `F4(${text})` : text);
  const { rows } = tile;
  if (tile.variant === 'subgroup') {
    // the rows × count elements, dealt out to the lanes
    const size = writer.limits.subgroupSize as number;
    const all = rows * count;
    const shares = range(Math.ceil(all / size)).map((s) => {
      let element = offset(variable('lane', size), s * size);
      if ((s + 1) * size > all) {
        const name = writer.around.fresh('e');
        names.push(`let ${name} = min(lane + ${s * size}u, ${all - 1}u);`);
        element = variable(name, all);
      }
      return e.value(product.a, product.atA(z, row(div(element, count)), at(mod(element, count))));
    });
    const known = new Map<number, string>();
    return (i, t, r, wide) => {
      const element = i * count + t;
      const text = `subgroupBroadcast(${shares[Math.floor(element / size)]}, ${element % size}u)`;
      if (wide) return `F4(${text})`;
      let name = known.get(element);
      if (!name) known.set(element, (name = r.bind(text, 'a')));
      return name;
    };
  }
  const places = range(rows).map((i) => row(constant(i)));
  if (tile.left === 'terms') {
    const values = places.map((m) =>
      range(count / 4).map((q) => e.value(product.a, product.atA(z, m, fourAt(constant(4 * q))))),
    );
    return (i, t, _, wide) => widen(`${values[i]?.[t >> 2]}.${'xyzw'[t % 4]}`, wide);
  }
  return (i, t, _, wide) =>
    widen(e.value(product.a, product.atA(z, places[i] as Index, at(constant(t)))), wide);
}

/** Text of the factor of column `j` and unrolled term `t`. */
function rightFactors(
  product: Contraction,
  tile: Tiling,
  { at, fourAt }: Chunk,
  e: Emitter,
  { z, columns }: { z: Index; columns: readonly Index[] },
): (j: number, t: number) => string {
  const load = (j: number, t: number): string =>
    e.value(product.b, product.atB(z, at(constant(t)), columns[j] as Index));
  const four = (j: number, t: number): string =>
    e.value(product.b, product.atB(z, fourAt(constant(t)), columns[j] as Index));
  if (tile.right !== 'terms') return load;
  return (j, t) => `${four(j, t - (t % 4))}.${'xyzw'[t % 4]}`;
}
