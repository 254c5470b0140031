import { expect, test } from 'vitest';
import { Latest } from '../../demo/ui/latest.ts';

/** A call that ends when it is told to. */
function call<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  let begun = false;
  const work = (): Promise<T> => {
    begun = true;
    return promise;
  };
  return {
    work,
    resolve: (v: T) => resolve(v),
    reject: (e: Error) => reject(e),
    isBegun: () => begun,
  };
}
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

function latest() {
  const shown: unknown[] = [];
  const failed: unknown[] = [];
  const calls = new Latest<string>(
    (r) => shown.push(r),
    (e) => failed.push(e),
  );
  return { shown, failed, calls };
}

test('of calls that wait only the newest is made, and results come in order', async () => {
  const { shown, failed, calls } = latest();
  const [a, b, c] = [call<string>(), call<string>(), call<string>()];
  for (const { work } of [a, b, c]) calls.ask(work);
  c.resolve('c');
  await settle();
  expect([a.isBegun(), b.isBegun(), c.isBegun()]).toEqual([true, false, false]);
  a.resolve('a');
  await settle();
  expect(shown).toEqual(['a', 'c']);
  expect(b.isBegun()).toBe(false);
  expect(failed).toEqual([]);
});

test('an error is reported unless something newer was asked for', async () => {
  const { shown, failed, calls } = latest();
  const [a, b, c] = [call<string>(), call<string>(), call<string>()];
  calls.ask(a.work);
  calls.ask(b.work);
  a.reject(new Error('old'));
  b.resolve('b');
  await settle();
  expect(failed).toEqual([]);
  expect(shown).toEqual(['b']);
  calls.ask(c.work);
  c.reject(new Error('now'));
  await settle();
  expect(failed).toEqual([new Error('now')]);
});
