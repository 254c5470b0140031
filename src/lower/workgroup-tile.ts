import tileFile from '../../shaders/contract_tile.wgsl?raw';
import { add, constant, offset, scale, variable, type Index } from '../ir/index-expr.ts';
import { unflatten } from '../ir/index-map.ts';
import { range } from '../util/shape.ts';
import type { Contraction } from './contraction.ts';
import { epilogue, indent } from './epilogue.ts';
import type { Kernel, KernelWriter } from './kernel.ts';
import { blockOf, type Tiling } from './tiling.ts';

/** Terms that a workgroup holds at a time. */
const STEP = 16;

/** An operand, as a workgroup loads its part of it: `span` rows or columns by `STEP` terms. */
interface Side {
  readonly name: 'a' | 'b';
  readonly span: number;
  /** rows or columns of the whole product, and how many parts they make */
  readonly size: number;
  readonly parts: number;
  /** what is contiguous in memory, four at a time */
  readonly vectors: 'span' | 'terms' | 'single';
  /** the element at a row or column `s` and terms `k`, with vectors along `lane` if there is one */
  value(e: ReturnType<KernelWriter['emitter']>, s: Index, k: readonly Index[]): string;
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
      ...{ name: 'a', span: block.rows, size: M, parts: blocksM },
      vectors: tiling.left === 'rows' ? 'span' : tiling.left,
      value: (e, m, k) => e.value(a, product.atA(z, m, k)),
    },
    {
      ...{ name: 'b', span: block.columns, size: N, parts: blocksN },
      vectors: tiling.right === 'columns' ? 'span' : tiling.right,
      value: (e, n, k) => e.value(b, product.atB(z, k, n)),
    },
  ];
  const loads = sides.map((side) => loadPart(writer, product, side));
  const [forA, forB] = loads.map((l) => l.inside) as [string[], string[]];
  // a part is as many pieces of four by four elements as it spans rows or columns
  const { workgroup } = tiling;
  const isSplit = workgroup >= block.rows + block.columns;
  const first = [
    'let part_of_a = local;',
    `let part_of_b = local${isSplit ? ` - BLOCK_M` : ''};`,
  ];
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
      ...{ BLOCK_M: block.rows, BLOCK_N: block.columns, STEP_K: STEP },
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

/** Statements by which a thread brings its piece, 4 rows or columns by 4 terms, to workgroup memory. */
function loadPart(
  writer: KernelWriter,
  { K, loops }: Contraction,
  { name, span, size, parts, vectors, value }: Side,
): { before: string[]; inside: string[] } {
  const [s, t, k] = [`s_${name}`, `t_${name}`, `k_${name}`];
  const whole = Math.ceil(K / STEP) * STEP; // beyond the last term the part is filled with zeros
  const piece = `part_of_${name}`;
  const before = [
    // neighbouring threads load what is neighbours in memory
    ...(vectors === 'terms'
      ? [`let ${s} = ${piece} / 4u;`, `let ${t} = ${piece} % 4u;`]
      : [`let ${s} = ${piece} % ${span / 4}u;`, `let ${t} = ${piece} / ${span / 4}u;`]),
  ];
  const block = name === 'a' ? 'm' : 'n';
  const at = (i: number): Index => {
    const piecesBefore = add(
      scale(variable(`index_${block}`, parts), span),
      scale(variable(s, span / 4), 4),
    );
    if (size % span === 0) return offset(piecesBefore, i);
    const row = writer.around.fresh(block === 'm' ? 'r' : 'q');
    before.push(
      `let ${row} = min(block_${block} + ${s} * 4u + ${i}u, ${size - (vectors === 'span' ? 4 : 1)}u);`,
    );
    return variable(row, size);
  };
  const lanes = { strict: true, variable: '' };
  const thread = writer.emitter();
  const out: string[] = [];
  const put = (term: number, vector: string): void => {
    const keep = K % STEP === 0 ? vector : `select(F4(0.0), ${vector}, ${k} + ${term}u < K)`;
    out.push(`part_${name}[(${t} * 4u + ${term}u) * ${span / 4}u + ${s}] = ${keep};`);
  };
  const termAt = (i: number): Index[] => unflatten(offset(variable(k, whole), i), loops);
  const base = `let ${k} = k + ${t} * 4u;`;
  if (vectors === 'span') {
    const first = `${name}_first`;
    before.push(
      `let ${first} = min(block_${block} + ${s} * 4u, ${size - 4}u);`,
    );
    const wide = writer.emitter({ ...lanes, variable: first });
    const e = wide.inside(k);
    range(4).forEach((i) => put(i, value(e, variable(first, size), termAt(i))));
    return { before: [...before, ...wide.lines], inside: [base, ...e.lines, ...out] };
  }
  const rows = range(4).map(at);
  if (vectors === 'terms') {
    const e = thread.inside(k, { ...lanes, variable: k });
    const v = rows.map((row) => value(e, row, unflatten(variable(k, whole), loops)));
    range(4).forEach((i) => put(i, `F4(${v.map((x) => `${x}.${'xyzw'[i]}`).join(', ')})`));
    return { before: [...before, ...thread.lines], inside: [base, ...e.lines, ...out] };
  }
  const e = thread.inside(k);
  range(4).forEach((i) => put(i, `F4(${rows.map((row) => value(e, row, termAt(i))).join(', ')})`));
  return { before: [...before, ...thread.lines], inside: [base, ...e.lines, ...out] };
}
void constant;
