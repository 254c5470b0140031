// What the tests take from vitest, without the rest of it: in the pack this file stands in for it.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect';
import { getCurrentTest } from '@vitest/runner';
import { fn, restoreAllMocks, spyOn } from '@vitest/spy';

export {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  it,
  onTestFinished,
  test,
} from '@vitest/runner';

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

interface Patience {
  readonly timeout?: number;
  readonly interval?: number;
}

/** Tries again until it does not throw, or for too long. */
async function waitFor<T>(
  attempt: () => T | Promise<T>,
  { timeout = 1000, interval = 50 }: Patience = {},
): Promise<T> {
  const end = performance.now() + timeout;
  for (;;)
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, interval));
    }
}

type Assertion = Record<string, (...args: unknown[]) => unknown>;

function bare(value: unknown, message?: string): Assertion {
  const assertion = chai.expect(value, message) as unknown as Assertion;
  const test = getCurrentTest();
  return test ? (assertion['withTest']?.(test) as Assertion) : assertion;
}

/** `expect.poll(value).toBe(...)`: the last word is said again until it holds. */
const poll = (value: () => unknown, patience?: Patience): unknown =>
  new Proxy(
    {},
    {
      get:
        (_, word: string) =>
        (...args: unknown[]) =>
          waitFor(async () => bare(await value())[word]?.(...args), patience),
    },
  );

const words = globalThis as unknown as Record<symbol, object>;
export const expect = Object.assign(bare, chai.expect, words[ASYMMETRIC_MATCHERS_OBJECT], {
  poll,
  getState: () => getState(bare as never),
});
setState({ assertionCalls: 0, currentTestName: '' }, bare as never);

export const vi = {
  fn,
  spyOn,
  restoreAllMocks,
  waitFor,
  waitUntil: (condition: () => unknown, patience?: Patience) =>
    waitFor(async () => {
      const value = await condition();
      if (!value) throw new Error('waitUntil: it did not come');
      return value;
    }, patience),
};
