import { formatShape } from '../util/shape.ts';
import { ArrayValue } from '../util/array.ts';
import type { Params } from './op.ts';
import type { Tensor } from './tensor.ts';
import { topological } from './walk.ts';

function printValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join()}]`;
  if (value instanceof ArrayValue) return 'array';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '...';
}

function printParams(params: Params): string {
  return Object.entries(params)
    .filter(([name]) => name !== 'shape' && name !== 'dtype')
    .map(([name, value]) => `${name}=${printValue(value)}`)
    .join(' ');
}

/** The graph of `outputs`, one node a line, numbered in the order it could be computed. */
export function printGraph(outputs: readonly Tensor[]): string {
  const order = topological(outputs);
  const number = new Map(order.map((x, i) => [x, i]));
  const lines = order.map((x, i) => {
    const inputs = x.inputs.map((y) => `%${number.get(y)}`).join(', ');
    const params = printParams(x.params);
    return `%${i} = ${x.op.name}(${inputs})${params && ` ${params}`} : ${x.dtype}${formatShape(x.shape)}`;
  });
  return [...lines, `return ${outputs.map((y) => `%${number.get(y)}`).join(', ')}`].join('\n');
}
