import { concat, full, split, squeeze, stack, type Tensor } from '../../../trace/index.ts';
import { array } from '../../../util/array.ts';
import type { Call } from '../call.ts';
import { op, Sequence } from '../op.ts';
import { constantTensor } from '../run.ts';

const since11 = { since: 11 } as const;
const since15 = { since: 15 } as const;

export const SequenceConstruct = op((n) => new Sequence(n.all()), since11);
export const SequenceEmpty = op(() => new Sequence([]), since11);

/** Position `i` of a sequence of `length`, negative ones from the end. */
function position(n: Call, i: number, length: number): number {
  const at = n.knownNumber(i) ?? length - 1;
  const from = at < 0 ? at + length : at;
  if (!(from >= 0 && from < length)) n.fail(`position ${at} is not in a sequence of ${length}`);
  return from;
}

export const SequenceAt = op((n) => {
  const items = n.sequence(0);
  return items[position(n, 1, items.length)];
}, since11);

export const SequenceInsert = op((n) => {
  const items = n.sequence(0);
  const at = n.has(2) ? position(n, 2, items.length + 1) : items.length;
  return new Sequence([...items.slice(0, at), n.input(1), ...items.slice(at)]);
}, since11);

export const SequenceErase = op((n) => {
  const items = n.sequence(0);
  const at = position(n, 1, items.length);
  return new Sequence([...items.slice(0, at), ...items.slice(at + 1)]);
}, since11);

export const SequenceLength = op(
  (n) => constantTensor(array(Int32Array.of(n.sequence(0).length), [])),
  { ...since11, derivative: false },
);

export const SplitToSequence = op((n) => {
  const x = n.input(0);
  const axis = n.axis(n.int('axis', 0), x.rank);
  const length = x.shape[axis] as number;
  const known = n.has(1) ? n.constant(1) : undefined;
  const each = known?.shape.length === 0 ? (known.data[0] as number) : 1;
  if (!(each >= 1)) n.fail(`cannot split into parts of ${each}`);
  n.spend(length);
  const sizes =
    known && known.shape.length > 0
      ? Array.from(known.data)
      : Array.from({ length: Math.ceil(length / each) }, (_, i) =>
          Math.min(each, length - i * each),
        );
  const parts = split(x, sizes, axis);
  return new Sequence(
    known || n.flag('keepdims', true) ? parts : parts.map((p) => squeeze(p, axis)),
  );
}, since11);

export const ConcatFromSequence = op((n) => {
  const items = n.sequence(0);
  const axis = n.int('axis') ?? n.fail('has no axis');
  return n.flag('new_axis') ? stack(items, axis) : concat(items, axis);
}, since11);

export const Optional = op((n) => n.value(0), since15);
export const OptionalGetElement = op((n) => n.value(0) ?? n.fail('there is no element'), since15);
export const OptionalHasElement = op((n) => full([], n.has(0) ? 1 : 0, 'bool'), {
  ...since15,
  derivative: false,
});

export const SequenceMap = op(
  (n) => {
    const body = n.graph('body');
    const count = n.sequence(0).length;
    const results: Tensor[][] = body.outputs.map(() => []);
    for (let turn = 0; turn < count; turn++) {
      n.spend(1);
      const inputs = Array.from({ length: n.arity }, (_, i) => {
        const value = n.value(i);
        return value instanceof Sequence ? value.items[turn] : value;
      });
      n.run(body, inputs).forEach((v, i) => results[i]?.push(v as Tensor));
    }
    return results.map((items) => new Sequence(items));
  },
  { since: 17 },
);
