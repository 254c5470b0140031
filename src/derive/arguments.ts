import { insideTrace, literally, type Tensor } from '../ir/tensor.ts';
import { rebuild } from '../ir/walk.ts';
import { lead } from '../ops/linear/layout.ts';
import { describe, isTensor, outputTree, tensorTree } from '../ops/operand.ts';
import { variableLike } from '../ops/source.ts';
import { DTypeError, TraceError } from '../util/errors.ts';
import { flattenTree, type Flat } from '../util/tree.ts';

/** Which arguments are differentiated: one, or a list (then results are lists too). */
export type Argnums = number | readonly number[];

/** Positions of the arguments, in the order asked for. @throws TraceError */
export function resolveArgnums(argnums: Argnums, count: number, who: string): number[] {
  const list: readonly unknown[] = Array.isArray(argnums) ? argnums : [argnums];
  if (list.length === 0)
    throw new TraceError(`${who}: argnums is empty; name at least one of ${count} argument(s)`);
  const out = list.map((n) => {
    if (typeof n !== 'number' || !Number.isInteger(n))
      throw new TraceError(`${who}: argnums are whole numbers, got ${JSON.stringify(n)}`);
    if (n < -count || n >= count)
      throw new TraceError(
        `${who}: argnums ${n} is out of range, the function was given ${count} argument(s)`,
      );
    return n < 0 ? n + count : n;
  });
  if (new Set(out).size !== out.length)
    throw new TraceError(
      `${who}: argnums name an argument twice, got [${list.join()}]; name each once`,
    );
  return out;
}

const OPTIONS = ['argnums', 'hasAux', 'mode', 'chunk'];

/**
 * Refuses a misspelled option, which would change nothing and say nothing. Every transform takes the
 * names of all, so that one set of options serves several.
 *
 * @throws TraceError
 */
export function checkNames(options: object, who: string, known: readonly string[] = OPTIONS): void {
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length)
    throw new TraceError(
      `${who}: there is no option ${unknown.join(', ')}; the options are ${known.join(', ')}`,
    );
}

/**
 * Refuses what is no function, and a transform called where nothing is traced: there it could only make
 * a graph that nobody runs.
 *
 * @throws TraceError
 */
export function checkCall(f: unknown, who: string): void {
  if (typeof f !== 'function')
    throw new TraceError(
      `${who}: takes a function first, got ${f === null ? 'null' : typeof f}; pass (x) => ...`,
    );
  if (!insideTrace())
    throw new TraceError(
      `${who}: was called outside a traced function, where nothing runs; call it in a function that is compiled, compile((x) => ...)(x), or evaluated, evaluate((x) => ..., x)`,
    );
}

/** `transformed`, called after what it is: labels and messages say `jacobian(net)`. */
export function namedAfter<F extends (...args: never[]) => unknown>(
  who: string,
  f: unknown,
  transformed: F,
): F {
  const of = typeof f === 'function' ? f.name : '';
  return Object.defineProperty(transformed, 'name', { value: of ? `${who}(${of})` : who });
}

type TensorTree = Flat<Tensor>;

/** A function called on fresh variables in place of some of its arguments. */
export interface Call {
  /** variables, over all chosen arguments */
  readonly variables: readonly Tensor[];
  /** what they stand for */
  readonly values: readonly Tensor[];
  /** one tree per chosen argument */
  readonly arguments: readonly TensorTree[];
  readonly output: TensorTree;
  readonly aux: unknown;
  /** results written over the variables, now over the values */
  bind(results: readonly Tensor[]): Tensor[];
}

/**
 * Calls `f` with variables in place of the arguments `positions`; the others pass through.
 *
 * @throws DTypeError when a chosen argument is not f32 (unless `anyType`)
 */
export function callOnVariables(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  positions: readonly number[],
  who: string,
  { hasAux = false, anyType = false }: { hasAux?: boolean; anyType?: boolean } = {},
): Call {
  checkCall(f, who);
  const trees = positions.map((p) => tensorTree(args[p], who));
  const values = trees.flatMap((t) => t.leaves);
  if (values.length === 0)
    throw new TraceError(
      `${who}: nothing to differentiate by, got ${positions.map((p) => describe(args[p])).join(', ')}; pass tensors or array(...)`,
    );
  trees.forEach((tree, i) =>
    tree.leaves.forEach((x, k) => {
      if (x.dtype !== 'f32' && !anyType)
        throw new DTypeError(
          `${who}: argument ${positions[i]}${tree.paths[k]} is ${x.dtype}, which has no derivative; cast it to f32 or leave it out of argnums`,
        );
    }),
  );
  const variables = values.map((x) => variableLike(x, who));
  let at = 0;
  const given = [...args];
  trees.forEach((tree, i) => {
    const count = tree.leaves.length;
    given[positions[i] as number] = tree.def.build(variables.slice(at, at + count));
    at += count;
  });
  const result: unknown = literally(() => f(...(given as never[])));
  const replacements = new Map(variables.map((v, i) => [v, values[i] as Tensor]));
  const bind = (results: readonly Tensor[]): Tensor[] =>
    literally(() => rebuild(results, replacements, lead));
  let main = result;
  let aux: unknown;
  if (hasAux) {
    if (!Array.isArray(result) || result.length !== 2)
      throw new TraceError(
        `${who}: with hasAux the function returns [output, aux], got ${describe(result)}`,
      );
    [main, aux] = result as [unknown, unknown];
    const flat = flattenTree(aux, isTensor, who);
    const bound = bind(flat.leaves.filter(isTensor));
    let k = 0;
    aux = flat.def.build(flat.leaves.map((v) => (isTensor(v) ? bound[k++] : v)));
  }
  return { variables, values, arguments: trees, output: outputTree(main, who), aux, bind };
}
