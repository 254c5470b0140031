import { describe, expect, test } from 'vitest';
import { array, evaluate, Tensor, TraceError, type CotangentError } from '../../src/index.ts';
import * as functions from '../../src/trace/functions/index.ts';
import { traceFunction, type TracedFunction } from '../../src/trace/trace.ts';

const x = array([
  [1, 2, 3],
  [4, 5, 6],
]);

/** What `f` does while it is traced. */
const traced = <T>(f: (graph: TracedFunction) => T, g: (x: Tensor) => unknown = (t) => t): T =>
  traceFunction(g, [x], 'test', f);

const errorOf = (f: () => unknown): CotangentError => {
  try {
    f();
  } catch (error) {
    return error as CotangentError;
  }
  throw new Error('nothing thrown');
};

describe('methods', () => {
  const free = ['tensor', 'zeros', 'ones', 'full', 'eye', 'arange', 'linspace'];
  const lists = ['concat', 'stack', 'einsum'];

  test('every function that takes a tensor first is a method', () => {
    traced(() => undefined);
    const proto = Tensor.prototype as unknown as Record<string, unknown>;
    for (const [name, f] of Object.entries(functions)) {
      expect(f.name).toBe(name);
      expect(typeof proto[name], name).toBe(
        [...free, ...lists].includes(name) ? 'undefined' : 'function',
      );
    }
  });

  test('methods are not enumerable, and a tensor is not iterable', () => {
    traced(({ inputs: [t] }) => {
      for (const key in t) expect(Object.keys(functions)).not.toContain(key);
      expect(() => [...(t as unknown as Iterable<Tensor>)]).toThrow(/unstack/);
      expect(errorOf(() => Array.from(t as unknown as Iterable<Tensor>))).toBeInstanceOf(
        TraceError,
      );
    });
  });

  test('a method and its function make one node', () => {
    traced(({ inputs }) => {
      const [t] = inputs as [Tensor];
      expect(t.add(1)).toBe(functions.add(t, 1));
      expect(t.softmax(0)).toBe(functions.softmax(t, 0));
    });
  });
});

describe('sites', () => {
  /** The line of a stack that names this file first. */
  const top = (e: unknown): string =>
    String((e as Error).stack)
      .split('\n')
      .slice(1, 2)
      .join();

  test('a node remembers the call of the user, whatever made it', () => {
    traced(({ inputs }) => {
      const [t] = inputs as [Tensor];
      const y = functions.layerNorm(t, 1);
      expect(y.site?.message).toMatch('layerNorm');
      expect(top(y.site)).toMatch('trace.test.ts');
      const z = t.gelu();
      expect(z.site?.message).toMatch('gelu');
      expect(top(z.site)).toMatch('trace.test.ts');
      expect((z.inputs.find((i) => i.op.name !== 'input') as Tensor).site).toBe(z.site);
    });
  });

  test('an error has that call as its cause', () => {
    traced(({ inputs: [t] }) => {
      const error = errorOf(() => (t as Tensor).matmul([1, 2]));
      expect(error.message).toMatch('matmul: inner sizes differ, got [2,3] and [2]');
      expect((error.cause as Error).message).toMatch('matmul');
      expect(top(error.cause)).toMatch('trace.test.ts');
    });
  });

  test('an error inside one call does not reach the next', () => {
    traced(({ inputs: [t] }) => {
      errorOf(() => (t as Tensor).sum(7));
      expect((t as Tensor).exp().site?.message).toMatch('exp');
    });
  });
});

describe('traceFunction', () => {
  test('leaves of the arguments become inputs, other things pass through', () => {
    const seen: unknown[] = [];
    const f = (params: { w: Tensor; act: string }, [a, n]: [Tensor, Tensor], flag: boolean) => {
      seen.push(params.act, flag, a.shape, n.shape, n.dtype);
      return { y: [params.w.sum().add(n)], a };
    };
    const ids = array([1, 2], undefined, 'i32');
    traceFunction(f as never, [{ w: x, act: 'relu' }, [ids, 2.5], true], 'test', (graph) => {
      expect(graph.inputs.map((t) => [t.dtype, t.shape])).toEqual([
        ['f32', [2, 3]],
        ['i32', [2]],
        ['f32', []],
      ]);
      expect(graph.outputs.map((t) => t.dtype)).toEqual(['f32', 'i32']);
      expect(graph.build(['Y', 'A'])).toEqual({ y: ['Y'], a: 'A' });
    });
    expect(seen).toEqual(['relu', true, [2], [], 'f32']);
  });

  test('arguments may all be numbers, but a bare list of numbers is refused', () => {
    const product = (a: Tensor, b: Tensor): Tensor => a.mul(b);
    expect(evaluate(product, 3, 4).data[0]).toBe(12);
    expect(() => evaluate(product, [3, 4], 2)).toThrow('wrap it in array(...)');
  });

  test('an input that is returned is an output', () => {
    traced(({ inputs, outputs }) => expect(outputs[0]).toBe(inputs[0]));
  });

  test('an async function is refused', () => {
    const error = errorOf(() => evaluate((t: Tensor) => Promise.resolve(t) as never, x));
    expect(error).toBeInstanceOf(TraceError);
    expect(error.message).toMatch('promise');
  });

  test('something else than a function is refused', () => {
    const error = errorOf(() => traceFunction(3 as never, [], 'compile', () => 0));
    expect(error).toBeInstanceOf(TraceError);
    expect(error.message).toMatch('compile: takes a function first, got the number 3');
  });

  test('a tensor of a function being traced is refused as an argument', () => {
    const outer = (t: Tensor): Tensor =>
      traceFunction(
        (u: Tensor) => u,
        [t],
        'compile',
        () => t,
      );
    const error = errorOf(() => evaluate(outer as never, x));
    expect(error).toBeInstanceOf(TraceError);
    expect(error.message).toMatch('[2,3]');
  });

  test('a tensor kept from a trace that has ended is refused', () => {
    let kept: Tensor | undefined;
    evaluate((t: Tensor) => (kept = t.exp()), x);
    const error = errorOf(() => (kept as Tensor).add(1));
    expect(error).toBeInstanceOf(TraceError);
    expect(error.message).toMatch('ended');
  });
});
