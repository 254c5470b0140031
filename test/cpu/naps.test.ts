import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Naps } from '../../src/run/naps.ts';

// A loop whose turns and clock the test moves; naps are told, not slept.

let naps: Naps;
let lengths: number[];

beforeEach(() => {
  vi.useFakeTimers();
  naps = new Naps();
  lengths = [];
  vi.spyOn(Atomics, 'wait').mockImplementation((...args: unknown[]) => {
    lengths.push(args[3] as number);
    return 'timed-out';
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const after = (ms: number, error?: Error): Promise<number> =>
  new Promise((resolve, reject) => {
    setTimeout(() => (error ? reject(error) : resolve(ms)), ms);
  });

/** Time goes by, and the loop turns once. */
async function turn(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

test('what has just begun is looked at without a nap, what takes long with longer ones', async () => {
  const value = naps.until(after(100));
  await turn(0.1);
  expect(lengths).toEqual([]);
  for (const ms of [2, 3, 40]) await turn(ms);
  expect(lengths.length).toBeGreaterThan(2);
  expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  expect(Math.max(...lengths)).toBeLessThanOrEqual(1);
  await turn(60);
  expect(await value).toBe(100);
});

test('naps end with what is waited for, and begin anew with the next', async () => {
  const first = naps.until(after(50));
  await turn(60);
  await first;
  lengths.length = 0;
  await turn(500);
  expect(lengths).toEqual([]);
  const second = naps.until(after(5));
  await turn(0.1);
  expect(lengths).toEqual([]); // the wait is young again
  await turn(5);
  expect(lengths.length).toBeGreaterThan(0);
  expect(await second).toBe(5);
});

test('of several that are waited for, each that comes shortens the naps', async () => {
  const both = Promise.all([naps.until(after(20)), naps.until(after(21))]);
  await turn(19);
  const before = lengths.at(-1) as number;
  await turn(1);
  lengths.length = 0;
  await turn(0.9);
  expect(Math.max(0, ...lengths)).toBeLessThan(before);
  await turn(1);
  expect(await both).toEqual([20, 21]);
});

test('what fails is passed on, and no longer waited for', async () => {
  const failed = expect(naps.until(after(10, new Error('lost')))).rejects.toThrow('lost');
  await turn(11);
  await failed;
  lengths.length = 0;
  await turn(100);
  expect(lengths).toEqual([]);
});
