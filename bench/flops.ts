/** 2 x multiply-adds of `[m, k] · [k, n]`. */
export const productFlops = (m: number, k: number, n: number): number => 2 * m * k * n;

/** Of the value of dense layers at one input. */
export function valueFlops(widths: readonly number[]): number {
  return widths.slice(1).reduce((sum, d, i) => sum + productFlops(1, widths[i] as number, d), 0);
}

/**
 * Of the Jacobian of dense layers at one input: the product of their matrices, bracketed in the
 * cheapest way.
 */
export function jacobianFlops(widths: readonly number[]): number {
  const layers = widths.length - 1;
  // cost[i][j]: the product of layers i to j
  const cost = Array.from({ length: layers }, () => new Array<number>(layers).fill(0));
  for (let length = 2; length <= layers; length++)
    for (let i = 0; i + length <= layers; i++) {
      const j = i + length - 1;
      const ways = Array.from({ length: length - 1 }, (_, k) => {
        const split = i + k;
        const [from, middle, to] = [widths[i], widths[split + 1], widths[j + 1]];
        return (
          (cost[i]?.[split] as number) +
          (cost[split + 1]?.[j] as number) +
          productFlops(to as number, middle as number, from as number)
        );
      });
      (cost[i] as number[])[j] = Math.min(...ways);
    }
  return cost[0]?.[layers - 1] as number;
}

export interface Convolution {
  /** of the output */
  readonly positions: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
}

/** 2 x multiply-adds of a convolution, or of its transpose. */
export const convolutionFlops = ({ positions, inputs, outputs, taps }: Convolution): number =>
  2 * positions * inputs * outputs * taps;
