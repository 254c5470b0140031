import { stack, tensor, unstack, type Tensor } from '../../../trace/index.ts';
import { array } from '../../../util/array.ts';
import type { Call } from '../call.ts';
import type { Graph } from '../graph.ts';
import { op, type Value } from '../op.ts';
import { constantTensor } from '../run.ts';

export const If = op(
  (n) => {
    const { data } = n.constant(0);
    if (data.length !== 1) n.fail(`its condition is one value, got ${data.length}`);
    return n.run(n.graph(data[0] ? 'then_branch' : 'else_branch'), []);
  },
  { limits: 'constant condition' },
);

/** Values that a loop gives one of at each turn, one after another along a new axis. */
function gathered(n: Call, values: readonly Value[], axis = 0): Tensor {
  if (values.length === 0)
    return n.fail('makes no turn, so that the shape of its results is unknown');
  return stack(
    values.map((v) => v as Tensor),
    axis,
  );
}

const number = (value: number): Tensor => constantTensor(array(Int32Array.of(value), []));

export const Loop = op(
  (n) => {
    const body = n.graph('body');
    const most = n.knownNumber(0) ?? Infinity;
    let goOn = n.has(1) ? n.knownNumber(1) !== 0 : true;
    const carriedCount = body.inputs.length - 2;
    const scans = body.outputs.length - 1 - carriedCount;
    if (carriedCount < 0 || scans < 0) n.fail('its body takes and gives too few values');
    let carried: Value[] = Array.from({ length: carriedCount }, (_, i) => n.value(i + 2));
    const collected: Value[][] = Array.from({ length: scans }, () => []);
    for (let turn = 0; turn < most && goOn; turn++) {
      n.spend(1);
      const [condition, ...results] = n.run(body, [
        number(turn),
        tensor(true, [], 'bool'),
        ...carried,
      ]);
      carried = results.slice(0, carriedCount);
      results.slice(carriedCount).forEach((v, i) => collected[i]?.push(v));
      const known = n.knownOf(condition as Tensor);
      if (!known)
        return n.fail('ends when a condition on values holds; only constant ones are followed');
      goOn = known.data[0] !== 0;
    }
    return [...carried, ...collected.map((values) => gathered(n, values))];
  },
  { limits: 'trip count and condition constant; unrolled' },
);

/** What a scan reads at each turn, along `axis`, in either direction. */
function turns(n: Call, x: Tensor, axis: number, backwards: boolean): Tensor[] {
  const parts = unstack(x, n.axis(axis, x.rank));
  return backwards ? parts.reverse() : parts;
}

export const Scan = op(
  (n) => {
    const body: Graph = n.graph('body');
    const count = n.int('num_scan_inputs') ?? n.fail('has no num_scan_inputs');
    const states = n.arity - count;
    const results = body.outputs.length - states;
    if (!(count >= 1) || states < 0 || results < 0)
      n.fail('its body takes or gives too few values');
    const at = (name: string, i: number): number => n.ints(name)?.[i] ?? 0;
    const length =
      n.input(states).shape[n.axis(at('scan_input_axes', 0), n.input(states).rank)] ?? 0;
    n.spend(length * count);
    const read = Array.from({ length: count }, (_, i) =>
      turns(n, n.input(states + i), at('scan_input_axes', i), at('scan_input_directions', i) !== 0),
    );
    let state: Value[] = Array.from({ length: states }, (_, i) => n.value(i));
    const collected: Value[][] = Array.from({ length: results }, () => []);
    for (let turn = 0; turn < length; turn++) {
      const given = read.map((parts) => parts[turn] ?? n.fail('what it scans differs in length'));
      const outputs = n.run(body, [...state, ...given]);
      state = outputs.slice(0, states);
      outputs.slice(states).forEach((v, i) => collected[i]?.push(v));
    }
    const scanned = collected.map((values, i) => {
      const ordered = at('scan_output_directions', i) !== 0 ? [...values].reverse() : values;
      return gathered(n, ordered, at('scan_output_axes', i));
    });
    return [...state, ...scanned];
  },
  { since: 9, limits: 'unrolled' },
);
