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

test('the first run is waited for at once, the next ones asleep for most of what it took', async () => {
  start(100);
  expect(await read()).toEqual({ asked: 0, ready: 100 });
  start(100);
  const { asked, ready } = await read();
  expect(asked).toBeGreaterThan(70);
  expect(asked).toBeLessThan(90);
  expect(ready).toBe(100);
});

test('what another program took tells nothing', async () => {
  start(100);
  await read();
  start(10, { name: 'b' });
  expect(await read()).toEqual({ asked: 0, ready: 10 });
});

test('a program that became faster is slept through less and less', async () => {
  start(100);
  await read();
  const lost: number[] = [];
  for (let i = 0; i < 8; i++) {
    start(20);
    lost.push((await read()).ready - 20);
  }
  expect(lost[0]).toBeGreaterThan(50);
  expect(lost.at(-1)).toBeLessThan(2);
});

test('one that became slower is still found', async () => {
  start(20);
  await read();
  for (let i = 0; i < 6; i++) {
    start(100);
    expect((await read()).ready).toBe(100);
  }
  start(100);
  expect((await read()).asked).toBeGreaterThan(70); // the fast run is forgotten
});

test('of several runs the longest is slept through, those that start later are not', async () => {
  start(50);
  await read();
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
  start(2);
  await read();
  start(2);
  expect((await read()).asked).toBe(0);
  for (let i = 0; i < 1000; i++) start(0.01);
  start(10, { name: 'b' });
  const { asked, ready } = await read();
  expect(asked).toBe(0);
  expect(ready).toBeGreaterThanOrEqual(19);
  expect(ready).toBeLessThanOrEqual(20);
});
