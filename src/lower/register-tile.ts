import directFile from '../../shaders/contract.wgsl?raw';
import slicesFile from '../../shaders/contract_slices.wgsl?raw';
import subgroupFile from '../../shaders/contract_subgroup.wgsl?raw';
import { constant, render, variable, type Index } from '../ir/index-expr.ts';
import type { Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { range } from '../util/shape.ts';
import type { Contraction, IndicesOf } from './contraction.ts';
import { isZero } from './emitter.ts';
import { endingInTurns, epilogue, type Sums } from './epilogue.ts';
import { leftFactors, Places, QUAD, rightFactors } from './factors.ts';
import { heldFactors } from './held.ts';
import type { Kernel, KernelWriter } from './kernel.ts';
import { depthsFor, nest, type Bodies } from './loops.ts';
import { patchOf } from './overlap.ts';
import { termsIn, termsOf, untilOf } from './terms.ts';
import { isInArray, type Loads, type Tiling } from './tiling.ts';
import { repeated, turnsOf, type Tiles } from './turns.ts';

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
  const inArray = isInArray(tiling, writer.limits);
  const write: Tiles['write'] = (c, l, r, out) => {
    const a = leftFactors(writer, places, c, l);
    const b = inArray
      ? heldFactors(writer, places, columns, c, r)
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

/** Whether an element is zero whatever is in memory: between the elements of a strided convolution. */
export type IsNothing = (x: Tensor, at: Coordinates) => boolean;

/**
 * Counts the loads of a thread, per term, and its products with each row. Loads that unrolled terms have in
 * common, as the windows of neighbouring positions have, count once.
 */
export function loadsPerTerm(
  product: Contraction,
  indicesOf: IndicesOf,
  isNothing: IsNothing,
): Loads['perTerm'] {
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
  const known = new Map<string, { right: number; products: number }>();
  return (tiling) => {
    // what terms have in common is seen in the innermost loops, even where all are unrolled
    const terms = termsOf(product, { ...tiling, repeat: 1 });
    const { count } = terms.main;
    const rows = patchOf(product, terms.main)?.count ?? tiling.rows * count;
    const left = (rows * one.left) / count;
    const unrolled = tiling.repeat > 1 ? tiling.terms : count;
    const key = `${tiling.right} ${tiling.columns}`;
    const { columns } = tiling;
    if (!terms.isUnrolled || tiling.right === 'columns' || tiling.variant === 'tile')
      return { left, right: columns * one.right, unrolled, products: columns };
    let found = known.get(key);
    if (!found) {
      let names = 0;
      const own = new Places(product, tiling, (prefix) => `${prefix}${names++}`).columns();
      const at = termsIn(terms.main).flatMap((t) => own.map((n) => product.atB(z, t, n)));
      const products = at.filter((place) => !isNothing(b, place)).length / count;
      known.set(key, (found = { right: loadsOf(b, at) / count, products }));
    }
    return { left, unrolled, ...found };
  };
}
