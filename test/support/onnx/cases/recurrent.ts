import { floats, integers, stored, test, type OpCase } from '../case.ts';
import type { Attributes, Operand } from '../build.ts';

const [steps, batch, input, hidden] = [3, 2, 1, 2];

interface Shape {
  directions?: number;
  lengths?: Operand | null;
  initial?: boolean;
  bias?: boolean;
  peepholes?: boolean;
  batchFirst?: boolean;
}

/** Operands of a recurrent node with `gates` gates. */
function operands(gates: number, s: Shape): (Operand | null)[] {
  const d = s.directions ?? 1;
  const swap = (a: number, b: number, ...rest: number[]) =>
    s.batchFirst ? [b, a, ...rest] : [a, b, ...rest];
  const small = (...shape: number[]) => floats(shape, -0.7, 0.7);
  return [
    small(...swap(steps, batch, input)),
    small(d, gates * hidden, input),
    small(d, gates * hidden, hidden),
    s.bias === false ? null : small(d, 2 * gates * hidden),
    s.lengths ?? null,
    ...(s.initial || s.peepholes ? [small(...swap(d, batch, hidden))] : []),
    ...(gates === 4 && (s.initial || s.peepholes) ? [small(...swap(d, batch, hidden))] : []),
    ...(s.peepholes ? [small(d, 3 * hidden)] : []),
  ];
}

function cases(op: string, gates: number): OpCase[] {
  const outputs = gates === 4 ? 3 : 2;
  const one = (title: string, shape: Shape = {}, attributes: Attributes = {}): OpCase =>
    test(op, operands(gates, shape), {
      title,
      outputs,
      attributes: { hidden_size: hidden, ...attributes },
      // the other implementation knows no layout but 0
      ...(shape.batchFirst && { alone: true as const }),
    });
  return [
    one(''),
    one('no bias', { bias: false }),
    one('initial state', { initial: true }),
    one('reverse', {}, { direction: 'reverse' }),
    one('bidirectional', { directions: 2, initial: true }, { direction: 'bidirectional' }),
    one('lengths given', { lengths: integers32([3, 1]) }),
    one('lengths stored, reverse', { lengths: stored([1, 3], 'int32') }, { direction: 'reverse' }),
    one(
      'lengths, bidirectional',
      { directions: 2, lengths: integers32([2, 3]) },
      { direction: 'bidirectional' },
    ),
    one('clip', {}, { clip: { float: 0.3 } }),
    one('batch first', { batchFirst: true, initial: true }, { layout: 1 }),
  ];
}

const integers32 = (values: number[]): Operand => ({ ...integers(values), type: 'int32' });

export const recurrent: OpCase[] = [
  ...cases('RNN', 1),
  test('RNN', operands(1, {}), {
    title: 'an activation with a coefficient',
    outputs: 2,
    attributes: {
      hidden_size: hidden,
      activations: ['LeakyRelu'],
      activation_alpha: { floats: [0.2] },
    },
  }),
  ...cases('GRU', 3),
  ...[1, 2].map((directions) =>
    test('GRU', operands(3, { directions, initial: true }), {
      title: `linear_before_reset, ${directions}`,
      outputs: 2,
      attributes: {
        hidden_size: hidden,
        linear_before_reset: 1,
        direction: directions === 2 ? 'bidirectional' : 'forward',
      },
    }),
  ),
  ...cases('LSTM', 4),
  test('LSTM', operands(4, { peepholes: true }), {
    title: 'peepholes',
    outputs: 3,
    attributes: { hidden_size: hidden },
  }),
  test('LSTM', operands(4, {}), {
    title: 'coupled',
    outputs: 3,
    attributes: { hidden_size: hidden, input_forget: 1 },
  }),
  test('LSTM', operands(4, {}), {
    title: 'other activations',
    outputs: 3,
    attributes: { hidden_size: hidden, activations: ['HardSigmoid', 'Softsign', 'Tanh'] },
  }),
];
