import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Patience } from '../../src/run/patience.ts';

// A device whose work ends at a known time, looked at by a clock that the test moves.

let patience: Patience;
/** when the device has done all it was given */
let done: number;

beforeEach(() => {
  vi.useFakeTimers();
  patience = new Patience();
  done = performance.now();
});
afterEach(() => {
  vi.useRealTimers();
});

const program = { name: 'a' };

function start(ms: number, of: object = program): void {
  done = Math.max(done, performance.now()) + ms;
  patience.started(of);
}

/** Reads once: how long after the start of the wait the device was asked, and was ready. */
async function read(): Promise<{ asked: number; ready: number }> {
  const before = performance.now();
  const ends = done;
  let asked = NaN;
  const result = patience.until(async () => {
    asked = performance.now() - before;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, ends - performance.now())));
  });
  await vi.runAllTimersAsync();
  await result;
  return { asked, ready: performance.now() - before };
}

test('two runs are waited for at once, the next ones asleep for most of what the second took', async () => {
  for (const ms of [1000, 100]) {
    start(ms); // the first may wait for its kernels
    expect(await read()).toEqual({ asked: 0, ready: ms });
  }
  start(100);
  const { asked, ready } = await read();
  expect(asked).toBeGreaterThan(70);
  expect(asked).toBeLessThan(90);
  expect(ready).toBe(100);
});

/** Two runs of a time, as much as it takes to know it. */
async function known(ms: number): Promise<void> {
  for (let i = 0; i < 2; i++) {
    start(ms);
    await read();
  }
}

test('what another program took tells nothing', async () => {
  await known(100);
  start(10, { name: 'b' });
  expect(await read()).toEqual({ asked: 0, ready: 10 });
});

test('a program that became faster is overslept once', async () => {
  await known(100);
  const lost: number[] = [];
  for (let i = 0; i < 8; i++) {
    start(20);
    lost.push((await read()).ready - 20);
  }
  expect(lost[0]).toBeGreaterThan(50);
  expect(lost.slice(1)).toEqual(Array(7).fill(0));
});

test('one that became slower is still found', async () => {
  await known(20);
  for (let i = 0; i < 6; i++) {
    start(100);
    expect((await read()).ready).toBe(100);
  }
  start(100);
  expect((await read()).asked).toBeGreaterThan(70); // the fast run is forgotten
});

test('of several runs the longest is slept through, those that start later are not', async () => {
  await known(50);
  start(50);
  start(50);
  const first = read();
  start(50);
  const { asked, ready } = await first;
  expect(asked).toBeGreaterThan(35);
  expect(asked).toBeLessThan(45);
  expect(ready).toBe(100);
  expect((await read()).ready).toBe(50);
});

test('short waits are not slept through, and results nobody reads do no harm', async () => {
  await known(5);
  start(5);
  expect((await read()).asked).toBe(0);
  for (let i = 0; i < 1000; i++) start(0.01);
  start(10, { name: 'b' });
  const { asked, ready } = await read();
  expect(asked).toBe(0);
  expect(ready).toBeGreaterThanOrEqual(19);
  expect(ready).toBeLessThanOrEqual(20);
});

test('what the app did before it read is no time of the device', async () => {
  for (let i = 0; i < 4; i++) {
    start(10);
    await vi.advanceTimersByTimeAsync(2000);
    await read();
  }
  start(10);
  expect(await read()).toEqual({ asked: 0, ready: 10 });
});
