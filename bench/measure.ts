/** One line of a table of measurements. */
export type Row = Record<string, string | number>;

/** Median wall time of a task in milliseconds, after one run that is not counted. */
export async function medianTime(task: () => Promise<unknown>, runs = 15): Promise<number> {
  await task();
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await task();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(runs / 2)] as number;
}

/** `length` numbers from -1 to 1, the same at each call. */
export function noise(length: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
