import {
  add,
  cast,
  clamp,
  expandDims,
  less,
  matmul,
  mul,
  slice,
  split,
  stack,
  sub,
  swapAxes,
  t,
  takeAlongAxis,
  unstack,
  where,
  zeros,
  type Tensor,
} from '../../../trace/index.ts';
import type { Call } from '../call.ts';
import { op, type Op, type Value } from '../op.ts';
import { activationsOf } from './activation-names.ts';
import { reversedWithin } from './indexing.ts';

type Activation = (x: Tensor) => Tensor;

/** Hidden state and, of an LSTM, the cell's: [batch, hidden] each. */
interface State {
  readonly h: Tensor;
  readonly c?: Tensor;
}

/** What one direction of a recurrent node works with. */
interface Cell {
  readonly hidden: number;
  /** [hidden, gates·hidden] */
  readonly recurrence: Tensor;
  /** of the recurrence [gates·hidden], where it is not part of the input's; 0 if there is none */
  readonly recurrentBias?: Tensor;
  /** [3·hidden], of an LSTM */
  readonly peepholes?: Tensor;
  readonly activations: readonly Activation[];
}

/** One step: from the input's part of all gates [batch, gates·hidden] and the state to the next one. */
type Step = (x: Tensor, state: State, cell: Cell) => State;

interface Kind {
  readonly gates: number;
  readonly activations: readonly string[];
  /** the biases of input and recurrence cannot be added up beforehand */
  readonly apart?: (n: Call) => boolean;
  readonly step: (n: Call) => Step;
}

const recurrent = (kind: Kind): Op => op((n) => run(n, kind), { limits: 'unrolled over time' });

/** All directions of a node; the outputs as the format has them. */
function run(n: Call, kind: Kind): Value[] {
  const batchFirst = n.flag('layout');
  const swapped = (x: Tensor): Tensor => (batchFirst ? swapAxes(x, 0, 1) : x);
  const x = swapped(n.input(0));
  const [steps, batch] = x.shape as [number, number];
  const hidden =
    n.input(2).shape[2] ?? n.fail('the recurrence is not [directions, gates · hidden, hidden]');
  const direction = n.choice('direction', 'forward', 'reverse', 'bidirectional');
  const count = direction === 'bidirectional' ? 2 : 1;
  n.spend(steps * count);
  const names =
    n.strings('activations') ?? (new Array(count).fill(kind.activations).flat() as string[]);
  const all = activationsOf(
    names,
    n.floats('activation_alpha') ?? [],
    n.floats('activation_beta') ?? [],
  );
  if (!all || all.length !== count * kind.activations.length)
    return n.fail(
      `activations are [${names.join()}], which are unknown or not as many as it takes`,
    );
  const initial = (i: number, d: number): Tensor => {
    const given = n.optional(i);
    return given ? slice(swapped(given), d) : zeros([batch, hidden]);
  };
  const lengths = lengthsOf(n, steps);
  const step = kind.step(n);
  const done = Array.from({ length: count }, (_, d) => {
    const each = kind.activations.length;
    const bias = n.optional(3);
    const [inputBias, recurrentBias] = bias ? split(slice(bias, d), 2) : [];
    const together = inputBias && recurrentBias && !kind.apart?.(n);
    const own = together ? add(inputBias, recurrentBias) : inputBias;
    const product = matmul(x, t(slice(n.input(1), d)));
    const peepholes = n.optional(7);
    const cell: Cell = {
      hidden,
      recurrence: t(slice(n.input(2), d)),
      // as ONNX Runtime has it, the cell state is not clipped where it becomes the hidden state
      activations: all.slice(d * each, (d + 1) * each).map((f, i) => (i < 2 ? clipped(n, f) : f)),
      ...(recurrentBias && !together && { recurrentBias }),
      ...(peepholes && { peepholes: slice(peepholes, d) }),
    };
    const start: State = {
      h: initial(5, d),
      ...(kind.gates === 4 && { c: initial(6, d) }),
    };
    const backwards = direction === 'reverse' || d === 1;
    return along(own ? add(product, own) : product, start, cell, step, backwards, lengths);
  });
  // [steps, directions, batch, hidden] and [directions, batch, hidden]
  const y = stack(
    done.map((one) => one.y),
    1,
  );
  const last = (f: (s: State) => Tensor): Tensor => swapped(stack(done.map((one) => f(one.state))));
  return [
    batchFirst ? swapAxes(swapAxes(y, 1, 2), 0, 1) : y,
    last((s) => s.h),
    ...(kind.gates === 4 ? [last((s) => s.c as Tensor)] : []),
  ];
}

/** Lengths [batch] of the sequences, where they are not all as long as the input. */
function lengthsOf(n: Call, steps: number): Tensor | undefined {
  const given = n.optional(4);
  if (!given || n.known(4)?.data.every((length) => length === steps)) return undefined;
  return cast(given, 'i32');
}

/** Keeps what an activation is given within the node's `clip`. */
function clipped(n: Call, f: Activation): Activation {
  const clip = n.float('clip');
  return clip === undefined ? f : (x) => f(clamp(x, -clip, clip));
}

/** Walks one direction over time: all hidden states [steps, batch, hidden], and the last state. */
function along(
  inputs: Tensor,
  start: State,
  cell: Cell,
  step: Step,
  backwards: boolean,
  lengths: Tensor | undefined,
): { y: Tensor; state: State } {
  const count = inputs.shape[0] as number;
  const turned = (x: Tensor): Tensor =>
    lengths ? takeAlongAxis(x, expandDims(reversedWithin(count, lengths), -1), 0) : x;
  const xs = unstack(backwards ? turned(inputs) : inputs);
  if (backwards && !lengths) xs.reverse();
  let state = start;
  const hs = xs.map((x, time) => {
    const next = step(x, state, cell);
    if (!lengths) {
      state = next;
      return next.h;
    }
    // a sequence that has ended keeps its state and gives zeros
    const alive = expandDims(less(time, lengths), -1);
    state = {
      h: where(alive, next.h, state.h),
      ...(next.c && state.c && { c: where(alive, next.c, state.c) }),
    };
    return where(alive, next.h, 0);
  });
  if (backwards && !lengths) hs.reverse();
  const y = hs.length > 0 ? stack(hs) : zeros([0, ...start.h.shape]);
  return { y: backwards ? turned(y) : y, state };
}

/** Σ over the previous hidden state, for all gates [batch, gates·hidden] */
const recurrence = (h: Tensor, { recurrence: r }: Cell): Tensor => matmul(h, r);

// hₜ = f(W x + R hₜ₋₁ + b)
export const RNN = recurrent({
  gates: 1,
  activations: ['Tanh'],
  step: () => (x, state, cell) => {
    const [f] = cell.activations as [Activation];
    return { h: f(add(x, recurrence(state.h, cell))) };
  },
});

// zₜ = f(.), rₜ = f(.), h̃ₜ = g(W x + R (rₜ hₜ₋₁) + b), hₜ = (1 - zₜ) h̃ₜ + zₜ hₜ₋₁ (Cho et al. 2014)
export const GRU = recurrent({
  gates: 3,
  activations: ['Sigmoid', 'Tanh'],
  apart: (n) => n.flag('linear_before_reset'),
  step: (n) => {
    const linearFirst = n.flag('linear_before_reset');
    return (x, { h }, cell) => {
      const { hidden } = cell;
      const [f, g] = cell.activations as [Activation, Activation];
      const [xz, xr, xh] = split(x, 3, -1) as [Tensor, Tensor, Tensor];
      const gates = 2 * hidden;
      const all = linearFirst
        ? recurrence(h, cell)
        : matmul(h, slice(cell.recurrence, null, [0, gates]));
      const biased = cell.recurrentBias ? add(all, cell.recurrentBias) : all;
      const part = (i: number): Tensor => slice(biased, null, [i * hidden, (i + 1) * hidden]);
      const z = f(add(xz, part(0)));
      const r = f(add(xr, part(1)));
      const reset = linearFirst
        ? mul(r, part(2))
        : matmul(mul(r, h), slice(cell.recurrence, null, [gates, null]));
      const candidate = g(add(xh, reset));
      return { h: add(mul(sub(1, z), candidate), mul(z, h)) };
    };
  },
});

// cₜ = fₜ cₜ₋₁ + iₜ c̃ₜ, hₜ = oₜ h(cₜ) (Hochreiter and Schmidhuber 1997, Gers and Schmidhuber 2000)
export const LSTM = recurrent({
  gates: 4,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  step: (n) => {
    const coupled = n.flag('input_forget');
    return (x, { h, c }, cell) => {
      const before = c as Tensor;
      const [f, g, out] = cell.activations as [Activation, Activation, Activation];
      const [xi, xo, xf, xc] = split(add(x, recurrence(h, cell)), 4, -1) as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      const [pi, po, pf] = cell.peepholes ? split(cell.peepholes, 3) : [];
      const peeped = (v: Tensor, p: Tensor | undefined, state: Tensor): Tensor =>
        p ? add(v, mul(p, state)) : v;
      const i = f(peeped(xi, pi, before));
      const forget = coupled ? sub(1, i) : f(peeped(xf, pf, before));
      const next = add(mul(forget, before), mul(i, g(xc)));
      const o = f(peeped(xo, po, next));
      return { h: mul(o, out(next)), c: next };
    };
  },
});
