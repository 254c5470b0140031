import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { ShapeError, TraceError } from '../../util/errors.ts';
import { formatShape } from '../../util/shape.ts';
import { named } from '../named.ts';
import { contract, unified } from '../operands.ts';
import * as op from '../primitives.ts';
import { without } from '../checks.ts';
import { cheapestOrder, type Order } from './einsum-order.ts';

/** A factor: one label for each axis. */
interface Term {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * Sum of products by the names of axes, as NumPy has it: `einsum('ij,jk->ik', a, b)`. A letter not in the
 * result is summed; repeated in one operand it takes the diagonal; `...` stands for any axes, which
 * broadcast; without `->` the result has the letters that occur once, in alphabetical order. Several
 * operands are multiplied pair by pair in the cheapest order.
 *
 * @throws TraceError for a malformed spec
 * @throws ShapeError when a letter stands for axes of different lengths
 */
export const einsum = named('einsum', (spec: string, ...xs: TensorLike[]): Tensor => {
  const { inputs, output } = parse(spec, unified('einsum', xs));
  const terms = inputs.map(diagonals);
  const lengths = new Map<string, number>();
  for (const { x, labels } of terms)
    labels.forEach((label, i) => {
      const n = x.shape[i] as number;
      const before = lengths.get(label) ?? 1;
      if (before !== 1 && n !== 1 && before !== n)
        throw new ShapeError(
          `einsum: ${name(label)} stands for axes of length ${before} and ${n} in "${spec}", got ${terms
            .map((t) => formatShape(t.x.shape))
            .join(' and ')}; axes of one name are equally long`,
        );
      lengths.set(label, Math.max(before === 1 ? n : before, n === 1 ? before : n));
    });
  const order = cheapestOrder(
    terms.map((t) => t.labels),
    output,
    lengths,
  );
  const result = product(order, terms, output);
  return op.transpose(
    result.x,
    output.map((label) => result.labels.indexOf(label)),
  );
});

/** An axis of `...` is labelled by its number, counted from the end. */
const name = (label: string): string => (label.length > 1 ? '"..."' : `"${label}"`);

function parse(spec: string, xs: readonly Tensor[]): { inputs: Term[]; output: string[] } {
  const malformed = (why: string): never => {
    throw new TraceError(
      `einsum: ${why}, got ${JSON.stringify(spec)} for ${xs.length} operand(s); write it like "ij,jk->ik"`,
    );
  };
  if (typeof spec !== 'string') malformed('the spec is a string');
  const sides = spec.replace(/\s/g, '').split('->');
  if (sides.length > 2) malformed('there is one "->" at most');
  const [left, right] = sides as [string, string | undefined];
  const specs = left.split(',');
  if (specs.length !== xs.length) malformed('the spec names one operand for each given');
  const tokens = (s: string): string[] => {
    const found = s.match(/\.\.\.|[A-Za-z]/g) ?? [];
    if (found.join('') !== s || found.filter((v) => v === '...').length > 1)
      malformed('axes are letters, and "..." once');
    return found;
  };
  let ellipsis = 0;
  const inputs = specs.map((s, k): Term => {
    const x = xs[k] as Tensor;
    const found = tokens(s);
    const open = found.includes('...');
    const rest = x.rank - (found.length - Number(open));
    if (open ? rest < 0 : rest !== 0)
      throw new ShapeError(
        `einsum: "${s}" names ${found.length - Number(open)} axes, got shape ${formatShape(x.shape)}; name each axis, or use "..."`,
      );
    ellipsis = Math.max(ellipsis, open ? rest : 0);
    return { x, labels: found.flatMap((v) => (v === '...' ? leading(rest) : [v])) };
  });
  const all = inputs.flatMap((t) => [...t.labels]);
  const once = (label: string): boolean => all.indexOf(label) === all.lastIndexOf(label);
  const output =
    right === undefined
      ? [...leading(ellipsis), ...all.filter((v) => v.length === 1 && once(v)).sort()]
      : tokens(right).flatMap((v) => (v === '...' ? leading(ellipsis) : [v]));
  if (new Set(output).size !== output.length) malformed('a letter occurs twice in the result');
  const unknown = output.find((v) => !all.includes(v));
  if (unknown !== undefined) malformed(`${name(unknown)} of the result is in no operand`);
  return { inputs, output };
}

/** Labels of `n` axes of an ellipsis. */
const leading = (n: number): string[] => Array.from({ length: n }, (_, i) => `.${n - 1 - i}`);

/** A term in which each label occurs once: repeated ones take the diagonal. */
function diagonals({ x, labels }: Term): Term {
  const j = labels.findIndex((label, at) => labels.indexOf(label) < at);
  if (j < 0) return { x, labels };
  const i = labels.indexOf(labels[j] as string);
  if (x.shape[i] !== x.shape[j])
    throw new ShapeError(
      `einsum: "${labels[j]}" stands for axes of length ${x.shape[i]} and ${x.shape[j]} of one operand, got shape ${formatShape(x.shape)}; a diagonal needs a square`,
    );
  const along = op.takeDiagonal(x, i - x.rank, j - x.rank);
  return diagonals({
    x: op.reshape(along, without(along.shape, [i - x.rank])),
    labels: labels.filter((_, at) => at !== i),
  });
}

/** The product in the given order, summed over all labels that are not in `keep`. */
function product(order: Order, terms: readonly Term[], keep: readonly string[]): Term {
  if (order.left === undefined) return summed(terms[order.term] as Term, keep);
  const needed = (others: Order): string[] => [...keep, ...labelsIn(others, terms)];
  const p = product(order.left, terms, needed(order.right));
  const q = product(order.right, terms, needed(order.left));
  const shared = p.labels.filter((v) => q.labels.includes(v));
  const own = (t: Term): string[] => t.labels.filter((v) => !shared.includes(v));
  // batch, rows, summed, columns
  const labels = [
    ...shared.filter((v) => keep.includes(v)),
    ...own(p),
    ...shared.filter((v) => !keep.includes(v)),
    ...own(q),
  ];
  const axes = shared
    .filter((v) => !keep.includes(v))
    .map((v) => labels.indexOf(v) - labels.length);
  const x = contract(spread(p, labels), spread(q, labels), axes);
  return {
    x: op.reshape(x, without(x.shape, axes)),
    labels: labels.filter((_, i) => !axes.includes(i - labels.length)),
  };
}

const labelsIn = (order: Order, terms: readonly Term[]): string[] =>
  order.left === undefined
    ? [...(terms[order.term] as Term).labels]
    : [...labelsIn(order.left, terms), ...labelsIn(order.right, terms)];

function summed({ x, labels }: Term, keep: readonly string[]): Term {
  const axes = labels.flatMap((v, i) => (keep.includes(v) ? [] : [i - x.rank]));
  return {
    x: op.reshape(op.sum(x, axes), without(x.shape, axes)),
    labels: labels.filter((v) => keep.includes(v)),
  };
}

/** A term with its axes in the order of `labels`, and an axis of length 1 for each it does not have. */
function spread({ x, labels }: Term, order: readonly string[]): Tensor {
  const own = order.filter((v) => labels.includes(v)).map((v) => labels.indexOf(v));
  const arranged = op.transpose(x, own);
  let at = 0;
  return op.reshape(
    arranged,
    order.map((v) => (labels.includes(v) ? (arranged.shape[at++] as number) : 1)),
  );
}
