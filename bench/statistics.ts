/** Value at a fraction of a sorted list, between two elements where it falls there. */
function quantile(sorted: readonly number[], fraction: number): number {
  const at = (sorted.length - 1) * fraction;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]] as [number, number];
  return low + (high - low) * (at - Math.floor(at));
}

const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);

export const median = (list: readonly number[]): number => quantile(sorted(list), 0.5);

/** Median, quartiles and extremes of some times. */
export interface Spread {
  readonly count: number;
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
  readonly least: number;
  readonly most: number;
}

export function spread(times: readonly number[]): Spread {
  const list = sorted(times);
  return {
    count: list.length,
    median: quantile(list, 0.5),
    lower: quantile(list, 0.25),
    upper: quantile(list, 0.75),
    least: quantile(list, 0),
    most: quantile(list, 1),
  };
}

/** How far a result is from float64. */
export interface Deviation {
  /** ‖got - reference‖ / ‖reference‖ */
  readonly relative: number;
  /** largest |got - reference| / largest |reference| */
  readonly largest: number;
}

export function deviation(got: ArrayLike<number>, reference: Float64Array): Deviation {
  if (got.length !== reference.length) return { relative: Infinity, largest: Infinity };
  let [error, norm, worst, most] = [0, 0, 0, 0];
  reference.forEach((want, i) => {
    const e = Math.abs((got[i] as number) - want);
    error += e * e;
    norm += want * want;
    if (!(e <= worst)) worst = e;
    most = Math.max(most, Math.abs(want));
  });
  return { relative: Math.sqrt(error / norm), largest: worst / most };
}
