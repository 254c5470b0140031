import { format, resolveConfig } from 'prettier';
import type { Op } from '../../src/ir/op.ts';
import { ops } from '../../src/ops/index.ts';
import { samplers, type Sampler } from './op-samples.ts';

/** How near the kernel of an op is to float64, in words. */
function accuracy({ ulp, of, where }: Sampler): string {
  const unit = { terms: ' of Σ|terms|', arguments: ' of max(|a|, |b|, 1)' };
  const size = ulp === 0 ? 'exact' : `${ulp} ulp${of ? unit[of] : ''}`;
  return where ? `${size}, ${where}` : size;
}

function row(op: Op): string {
  const sampler = samplers[op.name] as Sampler;
  const cells = [
    `\`${op.name}\``,
    op.family,
    sampler.dtypes.join(', '),
    op.derivative,
    accuracy(sampler),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** The page docs/ops.md. */
export async function opsTable(): Promise<string> {
  const text = `# Ops

<!-- Written by \`node tools/run.mjs tools/ops-table.mjs\` from src/ops/index.ts and test/support/op-samples.ts. -->

Every function of tensors is made of these ${ops.length} ops; a graph (\`explain()\`) shows them by these names. The
generated tests hold each of them, on the float64 interpreter and on the GPU, to the derivative and the accuracy stated
here (\`test/cpu/ops.test.ts\`, \`test/gpu/ops.test.ts\`).

- **takes**: element types of the first operand.
- **derivative**: y is the result, x or a and b are the operands, d before a name is its tangent. Both modes and batching
  follow from it.
- **accurate to**: the largest error of the kernel against float64, for operands of float32. An ulp is the distance of
  neighbouring float32 numbers at the result, unless another number is named.

| op | family | takes | derivative | accurate to |
| --- | --- | --- | --- | --- |
${ops.map(row).join('\n')}
`;
  const filepath = 'docs/ops.md';
  return format(text, { ...(await resolveConfig(filepath)), filepath });
}
