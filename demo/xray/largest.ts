/** Position of the largest number, the first of equal ones. */
export const indexOfLargest = (list: ArrayLike<number>): number =>
  Array.from(list).reduce((b, v, i, all) => (v > (all[b] as number) ? i : b), 0);
