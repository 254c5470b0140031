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
   * tiles that a thread computes one after the other, with columns that it loads once for some terms or
   * for all; 1 but for `subgroup`
   */
  readonly repeat: number;
  /** number of the axis of rows that is a thread's innermost loop over its tiles; -1 where rows have their order */
  readonly inner: number;
  /** width of the rectangle of positions that the rows are, whose windows overlap; 0 where they are none */
  readonly across: number;
  /** columns per thread; of all variants but `tile`, 8 and 16 are blocks of 2 x 4 and 4 x 4 positions */
  readonly columns: number;
  /** what the loads of the row operand take four at once */
  readonly left: 'rows' | 'terms' | 'single';
  /** what the loads of the column operand take four at once */
  readonly right: 'columns' | 'terms' | 'single';
  /**
   * terms that are unrolled in a step of the innermost loop; where a thread computes several tiles, those
   * whose columns it loads at a time: between such parts the sums are kept in a result
   */
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
  /** elements that a thread loads after the product, for each column, in each turn of its innermost loop */
  readonly perTurn: number;
  /** whether a result has room for the sums while they have not all terms */
  readonly canKeep: boolean;
  /**
   * indices that a thread computes and loads from, per term of the sum, how many terms are unrolled, and its
   * products for each row
   */
  perTerm(tiling: Tiling): {
    readonly left: number;
    readonly right: number;
    readonly unrolled: number;
    readonly products: number;
  };
}

/** Terms of a part in workgroup memory. */
export const PART = 16;

/** Rows and columns that a workgroup of the variant `tile` computes. */
export function blockOf({ rows, columns, workgroup }: Tiling): { rows: number; columns: number } {
  const side = Math.sqrt(workgroup);
  return { rows: rows * side, columns: columns * side };
}

/** Adapters that are a CPU and compute with vectors of four: SwiftShader. */
export const isNarrow = ({ isSoftware, subgroupSize }: LowerLimits): boolean =>
  isSoftware && (subgroupSize ?? 4) < 8;

/** Tiles for which it is worth putting columns into an array first, which takes as long as loading them. */
const WORTH_ARRAYS = 32;

/** Whether a thread loads the columns that it holds by way of an array: SwiftShader compiles that faster. */
export const isInArray = ({ repeat }: Tiling, limits: LowerLimits): boolean =>
  repeat >= WORTH_ARRAYS && isNarrow(limits);
