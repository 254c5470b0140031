import tileFile from '../../shaders/contract_tile.wgsl?raw';
import { add, offset, scale, variable, type Index } from '../ir/index-expr.ts';
import { unflatten } from '../ir/index-map.ts';
import { range } from '../util/shape.ts';
import type { Contraction } from './contraction.ts';
import type { Emitter } from './emitter.ts';
import { epilogue } from './epilogue.ts';
import type { Kernel, KernelWriter } from './kernel.ts';
import { indent } from './slots.ts';
import { blockOf, PART, type Tiling } from './tiling.ts';

/** An operand, as a workgroup loads its part of it: `span` rows or columns by `PART` terms. */
interface Side {
  readonly name: 'a' | 'b';
  readonly axis: 'm' | 'n';
  readonly span: number;
  /** rows or columns of the whole product, and how many parts they make */
  readonly size: number;
  readonly parts: number;
  /** what is contiguous in memory, four at a time */
  readonly vectors: 'span' | 'terms' | 'single';
  /** the element at a row or column `s` and terms `k`, with vectors along `lane` if there is one */
  value(e: Emitter, s: Index, k: readonly Index[]): string;
}

/** Writes a workgroup tile: the threads of a workgroup share what they load of both operands. */
export function writeWorkgroupTile(
  writer: KernelWriter,
  product: Contraction,
  tiling: Tiling,
): Kernel {
  const { Z, M, N, K, a, b } = product;
  const block = blockOf(tiling);
  const z = variable('z', Z);
  const blocksM = Math.ceil(M / block.rows);
  const blocksN = Math.ceil(N / block.columns);
  const sides: Side[] = [
    {
      ...{ name: 'a', axis: 'm', span: block.rows, size: M, parts: blocksM },
      vectors: tiling.left === 'rows' ? 'span' : tiling.left,
      value: (e, m, k) => e.value(a, product.atA(z, m, k)),
    },
    {
      ...{ name: 'b', axis: 'n', span: block.columns, size: N, parts: blocksN },
      vectors: tiling.right === 'columns' ? 'span' : tiling.right,
      value: (e, n, k) => e.value(b, product.atB(z, k, n)),
    },
  ];
  const loads = sides.map((side) => loadPart(writer, product, side));
  const [forA, forB] = loads.map((l) => l.inside) as [string[], string[]];
  // a part is as many pieces of four by four elements as it spans rows or columns
  const { workgroup } = tiling;
  const isSplit = workgroup >= block.rows + block.columns;
  const first = ['let part_of_a = local;', `let part_of_b = local${isSplit ? ` - BLOCK_M` : ''};`];
  const load = isSplit
    ? ['if (local < BLOCK_M) {', ...indent(forA), '} else {', ...indent(forB), '}']
    : [...forA, ...forB];

  const vectors = range(tiling.columns / 4);
  const acc = (i: number, j: number): string => `acc${i}_${j}`;
  const threadsN = block.columns / tiling.columns;
  const products = [
    ...vectors.map((j) => `let b${j} = part_b[(t * BLOCK_N + own_n) / 4u + ${j * threadsN}u];`),
    ...range(tiling.rows / 4).map((i) => `let a${i} = part_a[(t * BLOCK_M + own_m) / 4u + ${i}u];`),
    ...range(tiling.rows).flatMap((i) =>
      vectors.map(
        (j) => `${acc(i, j)} = fma(F4(a${i >> 2}.${'xyzw'[i % 4]}), b${j}, ${acc(i, j)});`,
      ),
    ),
  ];
  return writer.assemble(
    tileFile,
    {
      ...{ Z, M, N, K, TILE_M: tiling.rows, TILE_N: tiling.columns },
      ...{ BLOCK_M: block.rows, BLOCK_N: block.columns, STEP_K: PART },
    },
    {
      start: [
        ...range(tiling.rows).flatMap((i) => vectors.map((j) => `var ${acc(i, j)} = F4(0.0);`)),
        ...first,
        ...loads.flatMap((l) => l.before),
      ].join('\n'),
      load: load.join('\n'),
      step: products.join('\n'),
      finish: epilogue(writer, product, {
        ...{ rows: tiling.rows, columns: vectors.length, isVector: true, name: acc },
        column: (j) => `${j} * ${4 * threadsN}u`,
        allRows: M % block.rows === 0,
        allColumns: N % block.columns === 0,
      }).join('\n'),
    },
    Z * blocksM * blocksN * workgroup,
    workgroup,
  );
}

/** Statements of a thread: before the loop over parts, and in it. */
interface Piece {
  readonly before: string[];
  readonly inside: string[];
}

/** Brings the piece of a thread, 4 rows or columns by 4 terms, to workgroup memory. */
function loadPart(writer: KernelWriter, { K, loops }: Contraction, side: Side): Piece {
  const { name, span, size, vectors, value } = side;
  const s = `s_${name}`;
  const t = `t_${name}`;
  const piece = `part_of_${name}`;
  // neighbouring threads load what are neighbours in memory
  const before =
    vectors === 'terms'
      ? [`let ${s} = ${piece} / 4u;`, `let ${t} = ${piece} % 4u;`]
      : [`let ${s} = ${piece} % ${span / 4}u;`, `let ${t} = ${piece} / ${span / 4}u;`];
  const lane = vectors === 'span' ? `first_${name}` : vectors === 'terms' ? `k_${name}` : null;
  const lanes = lane === null ? undefined : ({ variable: lane, strict: true } as const);
  const terms = termsOfPiece(name, K, vectors === 'terms');
  // rows that do not exist are others once more: nothing stores them
  const rows =
    vectors === 'span'
      ? [variable(`first_${name}`, size)]
      : range(4).map((i) => rowOfPiece(side, i, before));
  if (vectors === 'span')
    before.push(`let first_${name} = min(block_${side.axis} + ${s} * 4u, ${size - 4}u);`);

  const depths = [writer.emitter(vectors === 'span' ? lanes : undefined)];
  for (const v of terms.variables) depths.push((depths.at(-1) as Emitter).inside(v, lanes));
  const e = depths.at(-1) as Emitter;
  const at = terms.at.map((k) => unflatten(k, loops));
  const loaded = at.map((k) => rows.map((row) => value(e, row, k)));
  const four = range(4).map((i) => {
    if (vectors === 'span') return (loaded[i] as string[])[0] as string;
    if (vectors === 'terms')
      return `F4(${(loaded[0] as string[]).map((x) => `${x}.${'xyzw'[i]}`).join(', ')})`;
    return `F4(${(loaded[i] as string[]).join(', ')})`;
  });
  const puts = four.map((vector, i) => {
    // beyond the last term the part is filled with zeros
    const isThere = `k + ${t} * 4u + ${i}u < K`;
    const keep = K % PART === 0 ? vector : `select(F4(0.0), ${vector}, ${isThere})`;
    return `part_${name}[(${t} * 4u + ${i}u) * ${span / 4}u + ${s}] = ${keep};`;
  });
  return {
    before: [...before, ...(depths[0] as Emitter).lines],
    inside: [...terms.names, ...depths.slice(1).flatMap(({ lines }) => lines), ...puts],
  };
}

/** Row or column `i` of the four of a thread; beyond the last, the last once more. */
function rowOfPiece({ name, axis, span, size, parts }: Side, i: number, before: string[]): Index {
  if (size % span === 0) {
    const first = scale(variable(`index_${axis}`, parts), span);
    return offset(add(first, scale(variable(`s_${name}`, span / 4), 4)), i);
  }
  const row = `${axis}_${name}${i}`;
  before.push(`let ${row} = min(block_${axis} + s_${name} * 4u + ${i}u, ${size - 1}u);`);
  return variable(row, size);
}

/** The terms of a thread's piece: variables with the statements that set them, and each as an index. */
interface PieceTerms {
  readonly names: string[];
  readonly variables: string[];
  readonly at: Index[];
}

/** Four terms, the last one repeated where there are none; one index for four as lanes of a vector. */
function termsOfPiece(name: string, K: number, asLanes: boolean): PieceTerms {
  const within = (text: string, last: number): string =>
    K % PART === 0 ? text : `min(${text}, ${last}u)`;
  if (asLanes) {
    const k = `k_${name}`;
    const text = within(`k + t_${name} * 4u`, K - 4);
    return { names: [`let ${k} = ${text};`], variables: [k], at: [variable(k, K)] };
  }
  if (K % 4 === 0) {
    const k = `four_${name}`;
    const first = scale(variable(k, K / 4), 4);
    const text = within(`k / 4u + t_${name}`, K / 4 - 1);
    const at = range(4).map((i) => offset(first, i));
    return { names: [`let ${k} = ${text};`], variables: K === 4 ? [] : [k], at };
  }
  const variables = range(4).map((i) => `k_${name}${i}`);
  return {
    names: variables.map((k, i) => `let ${k} = ${within(`k + t_${name} * 4u + ${i}u`, K - 1)};`),
    variables,
    at: variables.map((k) => variable(k, K)),
  };
}
