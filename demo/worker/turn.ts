let last: Promise<unknown> = Promise.resolve();

/** One after the other, so that each has the GPU to itself while it is timed. */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work);
  // whoever asked hears of an error; the next in turn does not
  last = mine.catch(() => undefined);
  return mine;
}
