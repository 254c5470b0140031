import { jacobianFlops, valueFlops } from './flops.ts';
import type { HostArray, Tensor } from '../src/node.ts';
import { random, type Subject } from './subject.ts';

/** Dense layers `[inputs, outputs]` without bias. */
export function denseLayers(widths: readonly number[]): HostArray[] {
  return widths
    .slice(1)
    .map((outputs, i) =>
      random([widths[i] as number, outputs], 1.5 / Math.sqrt(widths[i] as number), i + 1),
    );
}

/** tanh between the layers, none after the last. */
export const mlp =
  (layers: readonly HostArray[]) =>
  (x: Tensor): Tensor =>
    layers.reduce((h, w, i) => {
      const y = h.matmul(w);
      return i < layers.length - 1 ? y.tanh() : y;
    }, x);

export const byName = (layers: readonly HostArray[]): Record<string, HostArray> =>
  Object.fromEntries(layers.map((w, i) => [`w${i}`, w]));

/** The Jacobian of a tanh network by its input, for one input or for each of a batch. */
export function mlpSubject(name: string, widths: readonly number[], batch?: number): Subject {
  const layers = denseLayers(widths);
  const [n, m] = [widths[0] as number, widths.at(-1) as number];
  const samples = batch ?? 1;
  const lead = batch ? [batch] : [];
  return {
    name,
    title: `MLP ${widths.join('-')}, tanh${batch ? `, batch ${batch}` : ''}: J [${[...lead, m, n].join()}]`,
    derivative: batch ? 'batch jacobian' : 'jacobian',
    parameters: byName(layers),
    f: mlp(layers),
    inputs: [random([...lead, n], 1, 77)],
    shape: [...lead, m, n],
    flops: samples * (valueFlops(widths) + jacobianFlops(widths)),
    peer: { name: 'mlp', settings: { layers: layers.length } },
  };
}
