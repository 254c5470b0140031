import scanFile from '../../shaders/scan.wgsl?raw';
import { variable } from '../ir/index-expr.ts';
import { unflatten } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Group } from '../plan/plan.ts';
import { KernelWriter, type Kernel, type LowerLimits } from './kernel.ts';
import { literal } from './types.ts';

/** Running sum along the last axis, one thread a row. */
export function lowerScan(group: Group, limits: LowerLimits): Kernel {
  const writer = new KernelWriter(group, limits);
  const node = group.anchor as Tensor;
  const x = node.inputs[0] as Tensor;
  const n = x.shape[x.rank - 1] as number;
  const rows = x.size / Math.max(1, n);
  const at = [...unflatten(variable('i', rows), x.shape.slice(0, -1)), variable('j', n)];
  const e = writer.emitter();
  e.line(`acc = acc + ${e.value(x, at)};`);
  e.define(node, e.bind('acc', 'sum'));
  writer.members(e, at);
  return writer.assemble(
    scanFile,
    { LENGTH: n },
    {
      start: `var acc = ${literal(0, node.dtype)};`,
      position: node.params['reverse'] ? 'let j = LENGTH - 1u - s;' : 'let j = s;',
      step: e.lines.join('\n'),
    },
    rows,
    writer.workgroup(64),
  );
}
