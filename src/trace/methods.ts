import { Tensor } from '../ir/tensor.ts';
import { TraceError } from '../util/errors.ts';
import * as functions from './functions/index.ts';
import { outermost } from './named.ts';

type Functions = typeof functions;

/** The functions that do not take a tensor first. */
const free = [
  ...(['tensor', 'zeros', 'ones', 'full', 'eye', 'arange', 'linspace'] as const),
  ...(['concat', 'stack', 'einsum'] as const),
];

/** Every function that takes a tensor first, as a method: `add(a, b)` is `a.add(b)`. */
export type TensorMethods = {
  [K in keyof Functions as Exclude<K, (typeof free)[number]>]: Functions[K] extends (
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the operand, which `this` is here
    x: any,
    ...rest: infer Rest
  ) => infer Result
    ? (...rest: Rest) => Result
    : never;
};

declare module '../ir/tensor.ts' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- all its members are inherited
  interface Tensor extends TensorMethods {}
}

let installed = false;

/**
 * Gives `Tensor` its methods. A function that tracing calls, not the effect of an import, so that a
 * bundler does not drop it.
 */
export function installMethods(): void {
  if (installed) return;
  installed = true;
  for (const [name, f] of Object.entries(functions)) {
    if ((free as readonly string[]).includes(name)) continue;
    const method = function (this: Tensor, ...rest: unknown[]): unknown {
      return outermost(name, method, () => (f as (...args: unknown[]) => unknown)(this, ...rest));
    };
    define(name, method);
  }
  for (const name of ['read', 'toNested', 'item'])
    define(name, function (this: Tensor): never {
      throw new TraceError(
        `${name}: ${this.toString()} is part of a graph and holds no numbers yet; return it from the function, and read what compile(f)(...) or evaluate(f, ...) gives`,
      );
    });
  define(Symbol.iterator, function (this: Tensor): never {
    throw new TraceError(
      `${this.toString()}: a tensor is not iterable; unstack(x) gives its elements along an axis as a list`,
    );
  });
}

function define(name: string | symbol, value: unknown): void {
  Object.defineProperty(Tensor.prototype, name, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}
