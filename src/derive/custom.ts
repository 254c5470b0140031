import type { GeneralOp } from '../ir/op.ts';
import { apply, type Tensor } from '../ir/tensor.ts';
import { dependents, rebuild, topological } from '../ir/walk.ts';
import { broadcast, lead } from '../ops/linear/layout.ts';
import { describe, isTensor, outputTree, tensorTree, toTensor } from '../ops/operand.ts';
import { full, isInput, variableLike } from '../ops/source.ts';
import { barrier, identityOp } from '../ops/stop.ts';
import { DTypeError, ShapeError, TraceError } from '../util/errors.ts';
import { formatShape, sameShape, type Shape } from '../util/shape.ts';
import { flattenTree, partAt, type Flat } from '../util/tree.ts';
import { checkCall } from './arguments.ts';
import { checkLinear } from './linear.ts';
import { unbroadcast } from './partial.ts';
import { vjp } from './products.ts';
import type { TensorFunction } from './types.ts';
import { pullback } from './vjp.ts';

/**
 * A derivative as two linear graphs over variables, so that it batches and transposes like any other:
 * tangents of the arguments -> tangent of each output, cotangent of each output -> cotangents of the
 * arguments.
 */
interface Rule {
  /** variables for what the rule keeps, and what it closes over; a node's further inputs stand for them */
  readonly kept: readonly Tensor[];
  readonly tangents: readonly Tensor[];
  readonly cotangents: readonly Tensor[];
  /** tangent of output k, over `tangents` and `kept` */
  readonly push: (k: number) => Tensor | null;
  /** cotangents of the arguments for output k, over `cotangents[k]` and `kept` */
  readonly pull: (k: number) => readonly (Tensor | null)[];
}

const NOT_LINEAR = {
  backward:
    'customVjp: backward is not linear in the cotangent, so there is no forward mode of it; use mode "reverse" (jacrev, vjp, grad)',
  rule: 'customJvp: the rule is not linear in the tangents, so there is no reverse mode of it; use mode "forward" (jacfwd, jvp)',
};

const zeros = (x: Tensor): Tensor => full(x.shape, 0);

/** Inputs: the value, then the arguments, then what the rule keeps. */
const customOp: GeneralOp = identityOp({
  name: 'custom',
  derivative: "the user's rule",
  jvp(tangents, node) {
    const { rule, k } = node.params as unknown as { rule: Rule; k: number };
    const n = rule.tangents.length;
    if (tangents.slice(1, 1 + n).every((t) => !t)) return null;
    const graph = rule.push(k);
    if (!graph) return null;
    const by = keptOf(rule, node);
    rule.tangents.forEach((v, i) => by.set(v, tangents[1 + i] ?? zeros(v)));
    const [t] = rebuild([graph], by, lead) as [Tensor];
    const k0 = tangents.findIndex((d) => d !== null);
    const given = tangents[k0] as Tensor;
    const seeds = given.shape.slice(0, given.rank - (node.inputs[k0] as Tensor).rank);
    return inShape(t, [...seeds, ...node.shape]);
  },
  vjp(g, node) {
    const { rule, k } = node.params as unknown as { rule: Rule; k: number };
    const by = keptOf(rule, node);
    const own = rule.cotangents[k] as Tensor;
    by.set(own, g);
    const graphs = rule.pull(k);
    const parts = rebuild(
      graphs.filter((t) => t !== null),
      by,
      lead,
    );
    // axes of the seeds, then axes that a batch gave to the node
    const leading = g.shape.slice(0, g.rank - own.rank);
    let at = 0;
    const grads = graphs.map((t, i) => {
      if (!t) return null;
      const whole = inShape(parts[at++] as Tensor, [...leading, ...t.shape]);
      return unbroadcast(whole, node.inputs[1 + i] as Tensor);
    });
    return [null, ...grads, ...rule.kept.map(() => null)];
  },
});

/** `t` with axes in front and repeated: what a rule gives need not depend on what it was given. */
const inShape = (t: Tensor, shape: Shape): Tensor => broadcast(lead(t, shape.length), shape);

function keptOf(rule: Rule, node: Tensor): Map<Tensor, Tensor> {
  const from = 1 + rule.tangents.length;
  return new Map(rule.kept.map((v, i) => [v, node.inputs[from + i] as Tensor]));
}

/** Result tree of `values` with the rule attached to every leaf. */
function attach(
  values: Flat<Tensor>,
  args: readonly Tensor[],
  kept: readonly Tensor[],
  rule: Rule,
): unknown {
  return values.def.build(
    values.leaves.map((y, k) => apply(customOp, [y, ...args, ...kept], { rule, k })),
  );
}

/**
 * What graphs over `variables` take from outside: the nodes next to them that depend on an argument or
 * variable of an outer function. A transform out there may replace these nodes.
 */
function closedOver(roots: readonly Tensor[], variables: readonly Tensor[]): Tensor[] {
  const order = topological(roots);
  const own = dependents(order, variables);
  const outer = dependents(order, order.filter(isInput));
  const found = new Set<Tensor>();
  const visit = (x: Tensor): void => {
    if (outer.has(x) && !own.has(x)) found.add(x);
  };
  roots.forEach(visit);
  for (const node of order) if (own.has(node)) node.inputs.forEach(visit);
  return [...found];
}

const present = (graphs: readonly (Tensor | null)[]): Tensor[] => graphs.filter((t) => t !== null);

const floats = (leaves: readonly Tensor[]): Tensor[] => leaves.filter((x) => x.dtype === 'f32');

/**
 * The tree that a rule returned, leaf by leaf as `like` has them; null, for a leaf or for a part of the
 * tree, is zero.
 *
 * @throws TraceError, ShapeError, DTypeError when it is not such a tree
 */
function checked(given: unknown, like: Flat<Tensor>, who: string, what: string): (Tensor | null)[] {
  const parts = like.steps.map((steps) => partAt(given, steps));
  parts.forEach((part, i) => {
    if (part === undefined)
      throw new TraceError(
        `${who}: the rule gave no ${what}${like.paths[i]}, got ${describe(given)}; return one for each, null for zero`,
      );
  });
  const count = flattenTree(given, isTensor, who).leaves.length;
  const used = parts.filter((part) => part !== null).length;
  if (count !== used)
    throw new TraceError(
      `${who}: the rule gave ${count} ${what}, expected ${like.leaves.length}, got ${describe(given)}; return one for each`,
    );
  return parts.map((part, i) => {
    if (part === null) return null;
    const t = toTensor(part, who);
    const x = like.leaves[i] as Tensor;
    if (!sameShape(t.shape, x.shape))
      throw new ShapeError(
        `${who}: the rule gave ${what}${like.paths[i]} of shape ${formatShape(t.shape)}, expected ${formatShape(x.shape)}; nothing is broadcast here`,
      );
    if (x.dtype === 'f32' && t.dtype !== 'f32')
      throw new DTypeError(
        `${who}: the rule gave ${what}${like.paths[i]} of ${t.dtype}, expected f32; cast it to f32`,
      );
    return t;
  });
}

/** The value that a rule returned, which is to be that of the function. @throws TraceError, ShapeError */
function checkValue(given: unknown, values: Flat<Tensor>, who: string): void {
  if (checked(given, values, who, 'value').includes(null))
    throw new TraceError(
      `${who}: the rule gave null for the value; return what the function returns`,
    );
}

/** What a reverse rule is made of. */
export interface ReverseRule<A extends unknown[], R> {
  /** value, and whatever `backward` needs (a tree of tensors) */
  readonly forward: (...args: A) => [R, unknown];
  /** cotangents of the arguments, one for each (null: zero), from what was kept and the cotangent of the value */
  readonly backward: (kept: never, cotangent: never) => unknown;
}

/**
 * `f` with a derivative rule of your own, used by every transform: forward mode transposes it. The rule
 * is for the arguments: what `f` closes over is a constant to it.
 *
 * @throws TraceError, ShapeError when the rule's results do not match the arguments
 */
export function customVjp<A extends unknown[], R>(
  f: (...args: A) => R,
  rule: ReverseRule<A, R>,
): (...args: A) => R {
  if (typeof rule?.forward !== 'function' || typeof rule?.backward !== 'function')
    throw new TraceError('customVjp: takes a function and { forward, backward }');
  return (...args) => {
    checkCall(f, 'customVjp');
    const own = tensorTree(args, 'customVjp');
    const call = own.def.build(own.leaves) as A;
    const values = outputTree(f(...call), 'customVjp');
    const pair: unknown = rule.forward(...call);
    if (!Array.isArray(pair) || pair.length !== 2)
      throw new TraceError(
        `customVjp: forward returns [value, kept], got ${describe(pair)}; return kept as null if backward needs nothing`,
      );
    checkValue(pair[0], values, 'customVjp');
    const kept = tensorTree(pair[1], 'customVjp');
    const keptVariables = kept.leaves.map((x) => variableLike(x, 'customVjp'));
    const cotangents = values.leaves.map((x) => variableLike(x, 'customVjp'));
    const tangents = floats(own.leaves).map((x) => variableLike(x, 'customVjp'));
    const grads = (given: readonly Tensor[]): (Tensor | null)[] => {
      const result = (rule.backward as TensorFunction)(
        kept.def.build(keptVariables),
        values.def.build(given),
      ) as unknown;
      return argumentGrads(result, args, own);
    };
    const pulls = cotangents.map((_, k) =>
      grads(cotangents.map((c, i) => (i === k ? c : zeros(c)))),
    );
    const pull = (k: number): (Tensor | null)[] => pulls[k] as (Tensor | null)[];
    const push = (k: number): Tensor | null => {
      // J t = (ct -> Jᵀ ct)ᵀ t
      const g = pull(k);
      const used = g.flatMap((t, i) => (t ? [[t, tangents[i] as Tensor] as const] : []));
      const [t] = pullback(
        used.map((p) => p[0]),
        used.map((p) => p[1]),
        [cotangents[k] as Tensor],
      );
      checkLinear([t ?? null], cotangents, NOT_LINEAR.backward);
      return t ?? null;
    };
    const outer = closedOver(present(pulls.flat()), [...keptVariables, ...cotangents]);
    return attach(values, floats(own.leaves), [...kept.leaves, ...outer], {
      kept: [...keptVariables, ...outer],
      tangents,
      cotangents,
      push,
      pull,
    }) as R;
  };
}

/** The cotangents a backward rule returned, for the f32 leaves of the arguments. */
function argumentGrads(
  result: unknown,
  args: readonly unknown[],
  own: Flat<Tensor>,
): (Tensor | null)[] {
  if (result === undefined)
    throw new TraceError(
      'customVjp: backward returned nothing; return the cotangent of each argument, null for zero',
    );
  const list: readonly unknown[] = Array.isArray(result) ? result : [result];
  if (list.length !== args.length)
    throw new TraceError(
      `customVjp: backward gave ${list.length} cotangent(s) for ${args.length} argument(s); return one for each, null for zero`,
    );
  const all = checked(
    list.map((grad) => grad ?? null),
    own,
    'customVjp',
    'cotangents',
  );
  return all.filter((_, i) => (own.leaves[i] as Tensor).dtype === 'f32');
}

/**
 * `f` with a forward rule of your own, `rule(primals, tangents) -> [value, tangent]`, linear in the
 * tangents; used by every transform: reverse mode transposes it. What `f` closes over is a constant to
 * the rule.
 */
export function customJvp<A extends unknown[], R>(
  f: (...args: A) => R,
  rule: (primals: A, tangents: A) => [R, unknown],
): (...args: A) => R {
  if (typeof rule !== 'function')
    throw new TraceError(
      'customJvp: takes a function and a rule (primals, tangents) => [y, tangent]',
    );
  return (...args) => {
    checkCall(f, 'customJvp');
    const own = tensorTree(args, 'customJvp');
    const values = outputTree(f(...(own.def.build(own.leaves) as A)), 'customJvp');
    const kept = own.leaves.map((x) => variableLike(x, 'customJvp'));
    const all = own.leaves.map((x) => variableLike(x, 'customJvp'));
    const pair: unknown = rule(own.def.build(kept) as A, own.def.build(all) as A);
    if (!Array.isArray(pair) || pair.length !== 2)
      throw new TraceError(
        `customJvp: the rule returns [value, tangent], got ${describe(pair)}; return both`,
      );
    checkValue(pair[0], values, 'customJvp');
    const moved = checked(pair[1], values, 'customJvp', 'tangents');
    const isFloat = own.leaves.map((x) => x.dtype === 'f32');
    const tangents = all.filter((_, i) => isFloat[i]);
    const cotangents = values.leaves.map((x) => variableLike(x, 'customJvp'));
    const outer = closedOver(present(moved), [...kept, ...all]);
    return attach(values, floats(own.leaves), [...own.leaves, ...outer], {
      kept: [...kept, ...outer],
      tangents,
      cotangents,
      push: (k) => moved[k] ?? null,
      pull: (k) => {
        const t = moved[k];
        if (!t) return tangents.map(() => null);
        const pulled = pullback([t], [cotangents[k] as Tensor], tangents);
        checkLinear(pulled, all, NOT_LINEAR.rule);
        return pulled;
      },
    }) as R;
  };
}

/**
 * `f`, computed again when its derivative is taken: what lies inside is not kept in memory between the
 * forward and the backward pass. Values and derivatives are those of `f`.
 */
export function checkpoint<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    checkCall(f, 'checkpoint');
    const own = tensorTree(args, 'checkpoint');
    const variables = own.leaves.map((x) => variableLike(x, 'checkpoint'));
    const values = outputTree(f(...(own.def.build(variables) as A)), 'checkpoint');
    // what f closes over becomes an argument, so that derivatives reach it
    const outer = closedOver(values.leaves, variables);
    const all = [...variables, ...outer];
    const again = (...given: Tensor[]): Tensor[] =>
      rebuild(values.leaves, new Map(all.map((v, i) => [v, given[i] as Tensor])), lead);
    const recomputed = customVjp(again, {
      forward: (...given) => [again(...given), given],
      backward: (kept: Tensor[], cotangents: Tensor[]) =>
        vjp(again, ...kept.map(barrier))[1](cotangents),
    });
    return values.def.build(recomputed(...own.leaves, ...outer)) as R;
  };
}
