import { range, sizeOf } from '../util/shape.ts';
import type { Contraction } from './contraction.ts';
import type { LowerLimits } from './kernel.ts';
import { blockOf, isNarrow, PART, type Loads, type Tiling } from './tiling.ts';
import { unrolledLoops } from './terms.ts';
import { costOf } from './tiling-cost.ts';

/** A way, and how long it takes, in some unit of the adapter's own. */
export interface Costed extends Tiling {
  readonly cost: number;
}

/** Ways to compute a contraction, the cheapest first, as far as can be told. */
export function tilings(product: Contraction, limits: LowerLimits, loads: Loads): Costed[] {
  const { terms, workgroup, ...wanted } = limits.tiling ?? {};
  const all = [
    ...subgroupTilings(product, limits, loads),
    ...(product.turns.length > 0 ? [] : threadTilings(product, limits, loads)),
  ];
  return all
    .filter((t) => Object.entries(wanted).every(([k, v]) => k === 'flip' || t[k as 'rows'] === v))
    .filter((t) => limits.tiling ?? !isLong(t, loads))
    .map((t) => ({ ...t, terms: terms ?? t.terms, workgroup: workgroup ?? t.workgroup }))
    .map((t) => ({
      ...t,
      cost: costOf(t, product, limits, loads),
    }))
    .sort((x, y) => x.cost - y.cost);
}

/** Blocks of rows with more products than this, all unrolled, take too long to compile. */
const MAX_PRODUCTS = 256;

const isLong = (t: Tiling, loads: Loads): boolean =>
  t.across > 0 && t.rows * t.columns * loads.perTerm(t).unrolled > MAX_PRODUCTS;

const SINGLE = { flip: false, across: 0, repeat: 1, inner: -1, slices: 1 } as const;
const BASE = { ...SINGLE, left: 'single', terms: 4 } as const;
const ANY_THREAD = { variant: 'subgroup', rows: 1, workgroup: 1 } as const;

/** Ways without subgroups. */
const threadTilings = (product: Contraction, limits: LowerLimits, loads: Loads): Tiling[] => [
  ...directTilings(product, limits, loads),
  ...sliceTilings(product, limits, loads),
  ...(product.blocks.columns || product.blocks.rows ? [] : tileTilings(limits, loads)),
];

/** What the columns of a thread may be: a vector, or some single elements. */
function columnChoices(
  { N, blocks: { columns: block } }: Contraction,
  { vectors }: Loads,
): Pick<Tiling, 'right' | 'columns'>[] {
  if (block) return [{ right: 'single', columns: block[0] * block[1] }];
  const few = [1, 2, 4].filter((n) => n <= N);
  return [
    ...(vectors.columns ? [{ right: 'columns', columns: 4 } as const] : []),
    ...(vectors.rightTerms ? few.map((columns) => ({ right: 'terms', columns }) as const) : []),
    ...few.map((columns) => ({ right: 'single', columns }) as const),
  ];
}

/** Rows of a thread at most. */
const MAX_ROWS = 10;
/** Sums that a thread of a block keeps in registers at most. */
const MAX_SUMS = 32;
/** The same for lanes that keep their sums in memory. */
const [MAX_ROWS_NARROW, MAX_SUMS_NARROW] = [16, 64];

function rowChoices(
  { M, blocks: { rows, columns } }: Contraction,
  limits: LowerLimits,
): Pick<Tiling, 'rows' | 'across'>[] {
  if (rows) return [{ rows: rows[0] * rows[1], across: rows[1] }];
  const [some, sums] = isNarrow(limits) ? [MAX_ROWS_NARROW, MAX_SUMS_NARROW] : [MAX_ROWS, MAX_SUMS];
  const most = columns ? Math.min(some, Math.floor(sums / (columns[0] * columns[1]))) : some;
  return range(Math.min(M, most)).map((i) => ({ rows: i + 1, across: 0 }));
}

/** Terms that may be unrolled. */
const termChoices = ({ right }: Pick<Tiling, 'right'>, limits: LowerLimits): number[] =>
  isNarrow(limits) && right !== 'terms' ? [4, 2] : [4];

function subgroupTilings(product: Contraction, limits: LowerLimits, loads: Loads): Tiling[] {
  const { subgroupSize: size, isSoftware, tiling } = limits;
  if (size === null || (!isSoftware && tiling?.variant !== 'subgroup')) return [];
  const once = product.turns.length > 0 ? [] : columnChoices(product, loads);
  const held = [...columnChoices(product, loads), { right: 'single', columns: 8 } as const];
  return [
    ...once.flatMap((choice) =>
      rowChoices(product, limits).flatMap((those) =>
        termChoices(choice, limits).map((terms) => ({ ...choice, ...those, terms })),
      ),
    ),
    ...held.flatMap((choice) =>
      repeats(product, limits, choice, loads).map((those) => ({ ...choice, ...those })),
    ),
  ].map((tile): Tiling => subgroupsOf(product, size, tile));
}

type Subgroups = Pick<Tiling, 'rows' | 'columns' | 'right'> & Partial<Tiling>;

/** Workgroups of whole subgroups that waste few lanes, and leave work for all cores. */
function subgroupsOf({ Z, M, N, blocks }: Contraction, size: number, tile: Subgroups): Tiling {
  const tilesN = Math.ceil(N / tile.columns);
  const others = Z * Math.ceil(M / (tile.rows * (tile.repeat ?? 1)));
  const padded = (w: number): number => Math.ceil(tilesN / w) * w;
  let workgroup = size;
  for (let w = 2 * size; w <= Math.max(32, size); w += size)
    if (padded(w) <= padded(workgroup) && (others * padded(w)) / w >= LEAST_GROUPS) workgroup = w;
  const inner = blocks.turns?.at(-1) ?? -1;
  return { ...BASE, ...tile, inner, variant: 'subgroup', workgroup };
}

/** Workgroups that keep all cores of a CPU at work to the end. */
const LEAST_GROUPS = 8;

/** Elements of the columns that a thread holds at most: more compile too long. */
const [MAX_HELD, MAX_HELD_NARROW] = [64, 360];
/** The same where terms come in parts: more do not fit into what a core keeps decoded. */
const MAX_PART = 256;
/** Products for each of them: with fewer, compiling takes longer than some hundred runs could save. */
const [WORTH_HOLDING, WORTH_HOLDING_NARROW] = [2 ** 15, 2 ** 13];
/** Tiles of a thread: not fewer than the first, and about as many as one of the others. */
const [LEAST_TILES, ...SOME_TILES] = [4, 16, 64, 128, 320];

/** Whether a product of so many results and terms is worth asking if a thread can hold its columns. */
export const mayHold = (results: number, terms: number, limits: LowerLimits): boolean =>
  limits.tiling !== undefined ||
  (terms <= (isNarrow(limits) ? MAX_HELD_NARROW : MAX_HELD) && results >= WORTH_HOLDING_NARROW);

/** Tiles that a thread computes in turn, with columns that it holds: for all terms, or part by part. */
function repeats(
  product: Contraction,
  limits: LowerLimits,
  choice: Pick<Tiling, 'right' | 'columns'>,
  loads: Loads,
): Pick<Tiling, 'rows' | 'repeat' | 'terms'>[] {
  const { Z, M, N, K, blocks, turns } = product;
  const { right, columns } = choice;
  if (blocks.rows || blocks.columns || right === 'terms' || !loads.rowsAreStrided) return [];
  if (N % columns !== 0) return [];
  const { right: perTerm } = loads.perTerm({ ...BASE, ...choice, ...ANY_THREAD });
  const perColumn = Math.min(columns, perTerm);
  const isForced = limits.tiling !== undefined;
  const isNarrowOne = isNarrow(limits);
  const [most, worth] = isNarrowOne
    ? [MAX_HELD_NARROW, WORTH_HOLDING_NARROW]
    : [MAX_HELD, WORTH_HOLDING];
  const asked = limits.tiling?.terms;
  const isWhole = asked === undefined ? K * perColumn <= most : K <= asked;
  const canPart = loads.canKeep && (isForced || (isNarrowOne && columns <= 4));
  const part = (): number => asked ?? partOf(product, Math.floor(MAX_PART / perColumn));
  const terms = isWhole ? K : canPart ? part() : 0;
  if (terms === 0) return [];
  if (!isForced && Z * M * N * K < terms * perColumn * worth) return [];
  const others = (Z * Math.ceil(N / columns)) / (limits.subgroupSize ?? 4);
  const isWork = (rows: number): boolean => isForced || (others * M) / rows >= LEAST_GROUPS;
  if (turns.length > 0) {
    const repeat = sizeOf(turns);
    return isWork(repeat) ? [{ rows: 1, repeat, terms }] : [];
  }
  const { repeat: wanted } = limits.tiling ?? {};
  const counts = wanted ? [wanted] : SOME_TILES;
  return (isWhole ? [1, 2, 4] : [1]).flatMap((rows) => {
    const isSome = (n: number): boolean => n >= LEAST_TILES && isWork(rows * n);
    const found = counts.map((most) => {
      let n = most;
      while (n >= LEAST_TILES && !(M % (rows * n) === 0 && isWork(rows * n))) n--;
      // single rows can be dealt out unevenly
      const even = wanted ?? Math.ceil(M / Math.ceil(M / most));
      return rows === 1 && 2 * n < even ? even : n;
    });
    return [...new Set(found)].filter(isSome).map((repeat) => ({ rows, repeat, terms }));
  });
}

/** Terms of a part: `most`, or rather somewhat fewer, so that none are left over. */
function partOf({ loops }: Contraction, most: number): number {
  const unrolled = unrolledLoops(loops, most);
  const whole = sizeOf(loops.slice(loops.length - unrolled));
  const size = loops[loops.length - unrolled - 1] as number;
  const longest = Math.floor(most / whole);
  let steps = longest;
  while (2 * steps > longest && size % steps !== 0) steps--;
  return whole * (size % steps === 0 ? steps : longest);
}

function directTilings(product: Contraction, limits: LowerLimits, loads: Loads): Tiling[] {
  const { Z, M, N } = product;
  const left = loads.vectors.leftTerms ? 'terms' : 'single';
  return columnChoices(product, loads).flatMap((choice) =>
    rowChoices(product, limits).map((those) => {
      const threads = Z * Math.ceil(M / those.rows) * Math.ceil(N / choice.columns);
      let workgroup = Math.min(64, limits.invocationsPerWorkgroup);
      while (limits.isSoftware && workgroup > 8 && threads / workgroup < 8) workgroup /= 2;
      return { ...BASE, ...choice, ...those, left, variant: 'direct', workgroup };
    }),
  );
}

/** Fewer terms than this are not shared. */
const MIN_SLICED = 64;
/** Where terms are shared there are few results: threads keep few of them. */
const MAX_SLICED_ROWS = 4;

/** Direct tilings, the terms of each tile shared by so many threads that loads of neighbours meet. */
function sliceTilings(product: Contraction, limits: LowerLimits, loads: Loads): Tiling[] {
  if (limits.isSoftware && limits.tiling?.variant !== 'slices') return [];
  if (product.K < MIN_SLICED) return [];
  const tiles = directTilings(product, limits, loads).filter((t) => t.rows <= MAX_SLICED_ROWS);
  return tiles.flatMap((t) =>
    (t.right === 'terms' ? [64] : [8, 32]).map((slices): Tiling => {
      return { ...t, variant: 'slices', slices, workgroup: 64 };
    }),
  );
}

/** Rows and columns of a thread, and threads: of workgroups of 128 x 128, 64 x 64 and 32 x 32. */
const BLOCKS = [
  [8, 256],
  [8, 64],
  [4, 64],
] as const;
function tileTilings(limits: LowerLimits, { vectors }: Loads): Tiling[] {
  if (limits.isSoftware && limits.tiling?.variant !== 'tile') return [];
  const left = vectors.leftTerms ? 'terms' : vectors.rows ? 'rows' : 'single';
  const right = vectors.columns ? 'columns' : vectors.rightTerms ? 'terms' : 'single';
  return BLOCKS.flatMap(([side, workgroup]): Tiling[] => {
    const t = { ...BASE, variant: 'tile', rows: side, columns: side, workgroup } as const;
    // single elements can be loaded whatever the layout
    return [
      { ...t, left, right },
      { ...t, left: 'single', right: 'single' },
    ];
  }).filter((t) => {
    const { rows, columns } = blockOf(t);
    const bytes = 4 * PART * (rows + columns);
    return t.workgroup <= limits.invocationsPerWorkgroup && bytes <= limits.workgroupStorage;
  });
}
