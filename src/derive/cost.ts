import type { Tensor } from '../ir/tensor.ts';
import { topological } from '../ir/walk.ts';
import { broadcastShape } from '../ops/axes.ts';
import { sizeOf } from '../util/shape.ts';

/** Approximate work of one node in FLOPs; ops that only move elements cost nothing by themselves. */
export function flopsOf(node: Tensor): number {
  switch (node.op.family) {
    case 'source':
      return 0;
    case 'elementwise':
      return node.op.flops * node.size;
    case 'bilinear':
      return 2 * sizeOf(broadcastShape(node.inputs));
    case 'linear':
      return node.op.indexMap ? 0 : (node.inputs[0] as Tensor).size;
    case 'general':
      return (node.inputs[0] as Tensor).size;
  }
}

/** Multiply-adds of a product; 0 for other ops. */
export function multiplyAddsOf(node: Tensor): number {
  if (node.op.family === 'bilinear') return sizeOf(broadcastShape(node.inputs));
  return 0;
}

/** Work, in FLOPs, of `roots` beyond what the graph of `given` computes anyway. */
export function flopsBeyond(roots: readonly Tensor[], given: readonly Tensor[]): number {
  const known = new Set(topological(given));
  let flops = 0;
  for (const node of topological(roots, (t) => known.has(t)))
    if (!known.has(node)) flops += flopsOf(node);
  return flops;
}
