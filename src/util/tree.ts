import { ArrayValue } from './array.ts';
import { TraceError } from './errors.ts';

/**
 * Arrays and plain objects nested to any depth. Their leaves are values (tensors, arrays, numbers) or
 * static things (strings, booleans, null, functions), which pass through transforms untouched.
 */
export type Tree = unknown;

/** The structure of a tree, with a hole for each value. */
export interface TreeDef {
  /** same for trees of equal structure and equal static parts */
  readonly key: string;
  readonly count: number;
  /** the tree again, with `leaves` in the holes */
  build<T>(leaves: readonly T[]): unknown;
}

/** Keys and positions from the root of a tree to a leaf. */
export type Steps = readonly (string | number)[];

export interface Flat<T = unknown> {
  readonly leaves: readonly T[];
  /** for each leaf where it stands: `.net.w`, `[0]` */
  readonly paths: readonly string[];
  /** the same as a list of keys and positions */
  readonly steps: readonly Steps[];
  readonly def: TreeDef;
}

/** Marks classes whose instances are leaves. Implemented by Tensor and every ArrayValue. */
export type IsLeaf = (value: unknown) => boolean;

const functionIds = new WeakMap<object, number>();
const symbolIds = new Map<symbol, number>();
let nextStatic = 0;

function idIn<K>(
  ids: { get(k: K): number | undefined; set(k: K, id: number): void },
  k: K,
): number {
  let id = ids.get(k);
  if (id === undefined) ids.set(k, (id = nextStatic++));
  return id;
}

function staticKey(value: unknown): string {
  if (typeof value === 'function') return `f${idIn(functionIds, value)}`;
  if (typeof value === 'symbol') return `s${idIn(symbolIds, value)}`;
  if (typeof value === 'bigint') return `${value}n`;
  return JSON.stringify(value) ?? 'undefined';
}

const isPlain = (value: object): boolean => {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
};

/** What a tree has at `steps`, null where a part of it is null, undefined where it has nothing. */
export function partAt(tree: Tree, steps: Steps): unknown {
  let part = tree;
  for (const step of steps) {
    if (part === null) return null;
    const isNode = Array.isArray(part) || (typeof part === 'object' && part && isPlain(part));
    if (!isNode || !Object.hasOwn(part as object, step)) return undefined;
    part = (part as Record<string | number, unknown>)[step];
  }
  return part;
}

/**
 * Leaves of `tree` in the order of `like`, which has them at the same places; the order of an object's
 * keys does not count. Undefined when the two have leaves at different places.
 */
export function leavesLike<T>(tree: Flat<T>, like: Flat): readonly T[] | undefined {
  if (tree.def.key === like.def.key) return tree.leaves;
  if (tree.leaves.length !== like.leaves.length) return undefined;
  const at = new Map(tree.steps.map((steps, i) => [JSON.stringify(steps), tree.leaves[i] as T]));
  const keys = like.steps.map((steps) => JSON.stringify(steps));
  return keys.every((k) => at.has(k)) ? keys.map((k) => at.get(k) as T) : undefined;
}

/**
 * Leaves of a tree in order, and its structure.
 *
 * @param who speaks in errors
 * @param what `"arguments"`: the tree is a list of arguments, all of which may be numbers
 * @throws TraceError for a bare array of numbers (wrap it in `array(...)`) and for foreign objects
 */
export function flattenTree(
  tree: Tree,
  isTensor: IsLeaf,
  who: string,
  what: 'tree' | 'arguments' = 'tree',
): Flat {
  const leaves: unknown[] = [];
  const paths: string[] = [];
  const places: Steps[] = [];
  type Build = (leaves: readonly unknown[]) => unknown;
  const walk = (value: unknown, path: string, steps: Steps): { key: string; build: Build } => {
    if (typeof value === 'number' || value instanceof ArrayValue || isTensor(value)) {
      const i = leaves.push(value) - 1;
      paths.push(path);
      places.push(steps);
      return { key: '*', build: (l) => l[i] };
    }
    if (ArrayBuffer.isView(value))
      throw new TraceError(
        `${who}: got a bare typed array${path && ` at ${path}`}; wrap it in array(...)`,
      );
    if (Array.isArray(value)) {
      const isList = what === 'arguments' && path === '';
      if (!isList && value.length > 0 && value.every((v) => typeof v === 'number'))
        throw new TraceError(
          `${who}: got a bare array of numbers${path && ` at ${path}`}; wrap it in array(...)`,
        );
      const parts = value.map((v, i) => walk(v, `${path}[${i}]`, [...steps, i]));
      return {
        key: `[${parts.map((p) => p.key).join()}]`,
        build: (l) => parts.map((p) => p.build(l)),
      };
    }
    if (typeof value === 'object' && value !== null) {
      if (!isPlain(value))
        throw new TraceError(
          `${who}: got ${value instanceof Promise ? 'a promise' : `a ${value.constructor.name}`}${path && ` at ${path}`}; pass tensors, array(...), numbers, or arrays and plain objects of them`,
        );
      const parts = Object.entries(value).map(
        ([k, v]) => [k, walk(v, `${path}.${k}`, [...steps, k])] as const,
      );
      return {
        key: `{${parts.map(([k, p]) => `${JSON.stringify(k)}:${p.key}`).join()}}`,
        build: (l) => Object.fromEntries(parts.map(([k, p]) => [k, p.build(l)])),
      };
    }
    return { key: staticKey(value), build: () => value };
  };
  const { key, build } = walk(tree, '', []);
  return { leaves, paths, steps: places, def: { key, count: leaves.length, build } };
}
