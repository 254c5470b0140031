import { range } from '../util/shape.ts';
import type { Contraction } from './contraction.ts';
import type { LowerLimits } from './kernel.ts';

/** How a contraction is cut into workgroups, threads, registers and steps. */
export interface Tiling {
  /**
   * | variant | what threads share | where |
   * |---|---|---|
   * | `subgroup` | lanes have the same rows, and load the row operand together | adapters that are a CPU |
   * | `direct` | nothing | everywhere; on GPUs, for shapes too small for tiles |
   * | `slices` | the terms of a register tile, each thread its share | GPUs, for few results |
   * | `tile` | a workgroup loads parts of both operands into its memory | GPUs |
   */
  readonly variant: 'subgroup' | 'direct' | 'slices' | 'tile';
  /** whether the second operand has the rows */
  readonly flip: boolean;
  /** rows per thread, in each of its tiles */
  readonly rows: number;
  /**
   * tiles that a thread computes one after the other, with columns that it loads once: all terms are
   * unrolled; 1 but for `subgroup`
   */
  readonly repeat: number;
  /** width of the rectangle of positions that the rows are, whose windows overlap; 0 where they are none */
  readonly across: number;
  /** columns per thread; of all variants but `tile`, 8 and 16 are blocks of 2 x 4 and 4 x 4 positions */
  readonly columns: number;
  /** what the loads of the row operand take four at once */
  readonly left: 'rows' | 'terms' | 'single';
  /** what the loads of the column operand take four at once */
  readonly right: 'columns' | 'terms' | 'single';
  /** terms that are unrolled in a step of the innermost loop */
  readonly terms: number;
  readonly workgroup: number;
  /** threads of a workgroup that add up the terms of one register tile */
  readonly slices: number;
}

/** What is known of the loads of a contraction. */
export interface Loads {
  /** whether four neighbours along something can be loaded as a vector */
  readonly vectors: {
    readonly rows: boolean;
    readonly columns: boolean;
    readonly leftTerms: boolean;
    readonly rightTerms: boolean;
  };
  /** whether a row is a fixed step from the one before it, without divisions */
  readonly rowsAreStrided: boolean;
  /** indices that a thread computes and loads from, per term of the sum, and how many terms are unrolled */
  perTerm(tiling: Tiling): {
    readonly left: number;
    readonly right: number;
    readonly unrolled: number;
  };
}

/** A way, and how long it takes, in multiply-adds of one thread. */
export interface Costed extends Tiling {
  readonly cost: number;
}

/** Ways to compute a contraction, the cheapest first, as far as can be told. */
export function tilings(product: Contraction, limits: LowerLimits, loads: Loads): Costed[] {
  const { terms, workgroup, ...wanted } = limits.tiling ?? {};
  const all = [
    ...subgroupTilings(product, limits, loads),
    ...directTilings(product, limits, loads),
    ...sliceTilings(product, limits, loads),
    ...(product.blocks.columns || product.blocks.rows ? [] : tileTilings(limits, loads)),
  ];
  return all
    .filter((t) => Object.entries(wanted).every(([k, v]) => k === 'flip' || t[k as 'rows'] === v))
    .filter((t) => limits.tiling ?? !isLong(t, loads))
    .map((t) => ({ ...t, terms: terms ?? t.terms, workgroup: workgroup ?? t.workgroup }))
    .map((t) => ({
      ...t,
      cost: costOf(limits)(t, product, limits, loads),
    }))
    .sort((x, y) => x.cost - y.cost);
}

/** Blocks of rows with more products than this, all unrolled, take too long to compile. */
const MAX_PRODUCTS = 256;

const isLong = (t: Tiling, loads: Loads): boolean =>
  t.across > 0 && t.rows * t.columns * loads.perTerm(t).unrolled > MAX_PRODUCTS;

const SINGLE = { flip: false, across: 0, repeat: 1, slices: 1 } as const;
const BASE = { ...SINGLE, left: 'single', terms: 4 } as const;

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

/** Adapters that are a CPU and compute with vectors of four: SwiftShader. */
const isNarrow = ({ isSoftware, subgroupSize }: LowerLimits): boolean =>
  isSoftware && (subgroupSize ?? 4) < 8;

/** Terms that may be unrolled. */
const termChoices = ({ right }: Pick<Tiling, 'right'>, limits: LowerLimits): number[] =>
  isNarrow(limits) && right !== 'terms' ? [4, 2] : [4];

function subgroupTilings(product: Contraction, limits: LowerLimits, loads: Loads): Tiling[] {
  const { subgroupSize: size, isSoftware, tiling } = limits;
  if (size === null || (!isSoftware && tiling?.variant !== 'subgroup')) return [];
  return columnChoices(product, loads).flatMap((choice) => [
    ...rowChoices(product, limits).flatMap((those) =>
      termChoices(choice, limits).map((terms): Tiling =>
        subgroupsOf(product, size, { ...choice, ...those, terms }),
      ),
    ),
    ...repeats(product, limits, choice, loads).map((those) =>
      subgroupsOf(product, size, { ...choice, ...those }),
    ),
  ]);
}

type Subgroups = Pick<Tiling, 'rows' | 'columns' | 'right'> & Partial<Tiling>;

/** Workgroups of whole subgroups that waste few lanes, and leave work for all cores. */
function subgroupsOf({ Z, M, N }: Contraction, size: number, tile: Subgroups): Tiling {
  const tilesN = Math.ceil(N / tile.columns);
  const others = Z * Math.ceil(M / (tile.rows * (tile.repeat ?? 1)));
  const padded = (w: number): number => Math.ceil(tilesN / w) * w;
  let workgroup = size;
  for (let w = 2 * size; w <= Math.max(32, size); w += size)
    if (padded(w) <= padded(workgroup) && (others * padded(w)) / w >= LEAST_GROUPS) workgroup = w;
  return { ...BASE, ...tile, variant: 'subgroup', workgroup };
}

/** Workgroups that keep all cores of a CPU at work to the end. */
const LEAST_GROUPS = 8;

/** Elements of the columns that a thread holds at most, as all are unrolled: more compile too long. */
const [MAX_HELD, MAX_HELD_NARROW] = [64, 512];
/** Tiles of a thread: not fewer than the first, and about as many as one of the others. */
const [LEAST_TILES, ...SOME_TILES] = [4, 16, 64];

/** Tiles of so few terms that a thread holds all it needs of its columns, and computes several. */
function repeats(
  { Z, M, N, K, blocks }: Contraction,
  limits: LowerLimits,
  { right, columns }: Pick<Tiling, 'right' | 'columns'>,
  loads: Loads,
): Pick<Tiling, 'rows' | 'repeat'>[] {
  if (blocks.rows || blocks.columns || right === 'terms' || !loads.rowsAreStrided) return [];
  if (K * columns > (isNarrow(limits) ? MAX_HELD_NARROW : MAX_HELD)) return [];
  const others = (Z * Math.ceil(N / columns)) / (limits.subgroupSize ?? 4);
  return [1, 2, 4].flatMap((rows) => {
    const fits = (n: number): boolean =>
      M % (rows * n) === 0 && (others * M) / (rows * n) >= LEAST_GROUPS;
    const counts = SOME_TILES.map((most) => {
      let n = most;
      while (n >= LEAST_TILES && !fits(n)) n--;
      return n;
    });
    return [...new Set(counts)].filter((n) => n >= LEAST_TILES).map((repeat) => ({ rows, repeat }));
  });
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
/** Terms of a part in workgroup memory. */
export const PART = 16;

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

/** Rows and columns that a workgroup of the variant `tile` computes. */
export function blockOf({ rows, columns, workgroup }: Tiling): { rows: number; columns: number } {
  const side = Math.sqrt(workgroup);
  return { rows: rows * side, columns: columns * side };
}

/** Threads with the work of idle lanes. */
function threadsOf(t: Tiling, { Z, M, N }: Contraction, subgroup: number): number {
  if (t.variant === 'tile') {
    const block = blockOf(t);
    return Z * Math.ceil(M / block.rows) * Math.ceil(N / block.columns) * t.workgroup;
  }
  const tilesN = Math.ceil(N / t.columns);
  const tilesM = Z * Math.ceil(M / (t.rows * t.repeat));
  return t.variant === 'subgroup'
    ? tilesM * Math.ceil(tilesN / t.workgroup) * t.workgroup
    : Math.ceil((tilesM * tilesN * t.slices) / subgroup) * subgroup;
}

const costOf = (limits: LowerLimits): typeof costOnCpu =>
  isNarrow(limits) ? costOnNarrow : limits.isSoftware ? costOnCpu : costOnGpu;

/** A load of one element in multiply-adds: CPUs take lanes one by one. */
const CPU_LOAD = 3.5;

function costOnCpu(t: Tiling, product: Contraction, limits: LowerLimits, loads: Loads): number {
  const size = limits.subgroupSize ?? 4;
  const { left, right } = loads.perTerm(t);
  const shared = t.variant === 'subgroup' ? left / size + t.rows / 8 : left;
  const columns = CPU_LOAD * right;
  const perTerm = (t.repeat > 1 ? 0 : columns) + CPU_LOAD * shared + t.rows * t.columns;
  const tile = product.K * perTerm + 2 * CPU_LOAD * t.rows * t.columns;
  const held = t.repeat > 1 ? product.K * columns : 0;
  return threadsOf(t, product, size) * (t.repeat * tile + held + 40);
}

/**
 * Instructions for four lanes, as SwiftShader compiles: it takes the lanes one by one to load or store an
 * element of each, and computes with sums in memory, which it masks at the end of each step of a loop.
 */
const NARROW = { move: 110, spread: 13, product: 4, carry: 12, step: 60, thread: 300, group: 2400 };
/** Steps of more instructions than a core keeps decoded take longer, the more so the more they are. */
const [DECODED, TWICE_AS_LONG] = [3500, 10000];

function costOnNarrow(t: Tiling, product: Contraction, limits: LowerLimits, loads: Loads): number {
  const size = limits.subgroupSize ?? 4;
  const { left, right, unrolled } = loads.perTerm(t);
  const isShared = t.variant === 'subgroup';
  const isRepeated = t.repeat > 1;
  const sums = t.rows * t.columns;
  const columns = NARROW.move * right;
  const perTerm =
    (isRepeated ? 0 : columns) +
    (isShared ? (NARROW.move / size + NARROW.spread) * left : NARROW.move * left) +
    NARROW.product * sums;
  const stores = NARROW.move * sums;
  const step = unrolled * perTerm + (isRepeated ? stores : NARROW.carry * sums) + NARROW.step;
  const slower = 1 + Math.max(0, step - DECODED) / TWICE_AS_LONG;
  const steps = isRepeated ? t.repeat : product.K / unrolled;
  const once = NARROW.thread + (isRepeated ? product.K * columns : stores);
  const thread = steps * step * slower + once;
  const threads = threadsOf(t, product, size);
  return (threads / size) * thread + (threads / t.workgroup) * NARROW.group;
}

/** Threads that keep a GPU busy. */
const GPU_THREADS = 16384;
/** A load of one element in multiply-adds. */
const GPU_LOAD = 8;

function costOnGpu(t: Tiling, product: Contraction, _: LowerLimits, loads: Loads): number {
  const threads = threadsOf(t, product, 32);
  const products = t.rows * t.columns;
  const { left, right } = loads.perTerm(t);
  // a tile loads its share of both operands once for the workgroup, and four times as fast again
  const perTerm =
    t.variant === 'tile'
      ? products + (t.rows + t.columns) + (GPU_LOAD * (left + right)) / Math.sqrt(t.workgroup)
      : products + GPU_LOAD * (left + right);
  const once = GPU_LOAD * products + 40 + 20 * Math.log2(t.slices);
  return Math.max(threads, GPU_THREADS) * ((product.K / t.slices) * perTerm + once);
}
