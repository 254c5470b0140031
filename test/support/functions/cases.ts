import { array, hessian, jacfwd, jacobian, jacrev } from '../../../src/index.ts';
import type { Backend, Traced } from '../backend.ts';
import { expectReference, leaf, readJson, type Reference, type Result } from '../reference.ts';

// Reads fixtures/functions/*.json: functions of arrays with their value, Jacobian and Hessian in
// float64, and runs one of their cases on a backend.

interface ArgLeaf {
  readonly shape: readonly number[];
  readonly data: readonly number[] | number;
  readonly dtype: 'float' | 'int';
  readonly diff: boolean;
}
type ArgTree = ArgLeaf | readonly ArgTree[] | { readonly [key: string]: ArgTree };

/** Leaves are keys into `value`; `{ tuple: [...] }` and `{ list: [...] }` are arrays. */
type OutputTree = string | { readonly [key: string]: OutputTree } | Sequence;
type Sequence =
  { readonly tuple: readonly OutputTree[] } | { readonly list: readonly OutputTree[] };

type Dense = Reference & { readonly format?: undefined };
type Sparse = Reference & {
  readonly format: 'coo';
  readonly rows: readonly number[];
  readonly cols: readonly number[];
};

interface Case {
  readonly args: readonly ArgTree[];
  readonly diff_leaves: readonly string[];
  readonly output_tree: OutputTree;
  readonly value: Readonly<Record<string, Reference>>;
  readonly jacobian: readonly ({ readonly out: string; readonly in: string } & (Dense | Sparse))[];
  readonly hessian?: readonly ({
    readonly out: string;
    readonly in1: string;
    readonly in2: string;
  } & Dense)[];
}

interface FunctionEntry {
  readonly name: string;
  /** Tolerances are of |got - want|; no function of the open list is compared otherwise. */
  readonly compare: string;
  readonly hessian: boolean;
  readonly cases: readonly Case[];
}

/** The functions of `functions/NAME.json`. */
export async function readFunctions(name: string): Promise<readonly FunctionEntry[]> {
  const file = (await readJson(`functions/${name}.json`)) as { functions: FunctionEntry[] };
  return file.functions;
}

const isArgLeaf = (x: ArgTree): x is ArgLeaf => 'diff' in x && 'shape' in x;

/** Arguments as a user would pass them. */
function toArgument(tree: ArgTree): unknown {
  if (isArgLeaf(tree)) {
    const data = typeof tree.data === 'number' ? [tree.data] : tree.data;
    return tree.dtype === 'int'
      ? array(Int32Array.from(data), tree.shape)
      : array(Float64Array.from(data), tree.shape);
  }
  if (Array.isArray(tree)) return tree.map(toArgument);
  return Object.fromEntries(Object.entries(tree).map(([key, below]) => [key, toArgument(below)]));
}

/** The path of each output key in the result. */
function outputPaths(
  tree: OutputTree,
  path: readonly (string | number)[] = [],
): Map<string, (string | number)[]> {
  if (typeof tree === 'string') return new Map([[tree, [...path]]]);
  const items: readonly [string | number, OutputTree][] = isSequence(tree)
    ? sequence(tree).map((below, i) => [i, below])
    : Object.entries(tree);
  return new Map(items.flatMap(([key, below]) => [...outputPaths(below, [...path, key])]));
}

const isSequence = (tree: object): tree is Sequence =>
  Object.keys(tree).length === 1 &&
  Array.isArray((tree as { tuple?: unknown }).tuple ?? (tree as { list?: unknown }).list);

const sequence = (tree: Sequence): readonly OutputTree[] =>
  'tuple' in tree ? tree.tuple : tree.list;

const pathOf = (dotted: string): string[] => dotted.split('.');

/** A stored Jacobian of `outputs` numbers, made dense where it is stored by its entries. */
function dense(stored: Dense | Sparse, outputs: number): Reference {
  if (stored.format === undefined) return stored;
  const inputs = stored.shape.reduce((a, b) => a * b, 1) / outputs;
  const data = new Float64Array(outputs * inputs);
  stored.rows.forEach((r, k) => {
    data[r * inputs + (stored.cols[k] as number)] = stored.data[k] as number;
  });
  return { ...stored, data };
}

const modes = { jacrev, jacfwd, jacobian } as const;

/** What a case is asked for: each is a test of its own. */
export type Question = 'value' | keyof typeof modes | 'hessian';

/** The questions the file answers for this function. */
export const questions = ({ hessian: twice }: FunctionEntry): Question[] => [
  'value',
  'jacrev',
  'jacfwd',
  'jacobian',
  ...(twice ? (['hessian'] as const) : []),
];

/** Runs case number `i` of `entry`, translated as `f`, and asserts every array the file holds. */
export async function expectFunction(
  backend: Backend,
  entry: FunctionEntry,
  f: Traced,
  i: number,
  question: Question,
): Promise<void> {
  if (entry.compare !== 'abs') throw new Error(`${entry.name}: cannot compare ${entry.compare}`);
  const test = entry.cases[i] as Case;
  const args = test.args.map(toArgument);
  const outputs = outputPaths(test.output_tree);
  const at = (out: string): (string | number)[] => {
    const path = outputs.get(out);
    if (!path) throw new Error(`${entry.name}: no output ${out}`);
    return path;
  };
  // the arguments that hold differentiated leaves; the others are data
  const argnums = [...new Set(test.diff_leaves.map((path) => Number(pathOf(path)[0])))];
  const input = (dotted: string): (string | number)[] => {
    const [arg, ...below] = pathOf(dotted);
    return [argnums.indexOf(Number(arg)), ...below];
  };
  const check = (got: Result, path: (string | number)[], want: Reference, what: string): void =>
    expectReference(leaf(got, ...path), want, backend.tolerance, `${entry.name}: ${what}`);

  if (question === 'value') {
    const got = await backend.run(f, ...args);
    for (const [out, want] of Object.entries(test.value)) check(got, at(out), want, out);
    return;
  }
  if (question === 'hessian') {
    const got = await backend.run(hessian(f as never, { argnums }) as Traced, ...args);
    for (const block of test.hessian ?? [])
      check(
        got,
        [...at(block.out), ...input(block.in1), ...input(block.in2)],
        block,
        `d2 ${block.out} / d ${block.in1} d ${block.in2}`,
      );
    return;
  }
  const got = await backend.run(modes[question](f as never, { argnums }) as Traced, ...args);
  for (const block of test.jacobian)
    check(
      got,
      [...at(block.out), ...input(block.in)],
      dense(block, (test.value[block.out] as Reference).data.length),
      `d ${block.out} / d ${block.in}`,
    );
}
