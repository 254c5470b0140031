import { formatShape } from '../util/shape.ts';
import { ArrayValue } from '../util/array.ts';
import type { Params } from './op.ts';
import type { Tensor } from './tensor.ts';
import { topological } from './walk.ts';

function printParams(params: Params): string {
  const shown = Object.entries(params).filter(([k]) => k !== 'shape' && k !== 'dtype');
  return shown
    .map(([k, v]) => `${k}=${Array.isArray(v) ? `[${v.join()}]` : v instanceof ArrayValue ? 'array' : typeof v === 'object' ? '...' : String(v)}`)
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
