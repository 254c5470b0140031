import { layerNorm, scaledDotProductAttention, type Tensor } from '../../src/node.ts';
import { productFlops } from '../flops.ts';
import { random, type Subject } from '../subject.ts';

const [batch, tokens, width, heads] = [8, 16, 48, 4];
const parameters = {
  weight: random([width], 1, 1),
  bias: random([width], 0.2, 2),
  wq: random([width, width], 0.25, 3),
  wk: random([width, width], 0.25, 4),
  wv: random([width, width], 0.25, 5),
  wo: random([width, width], 0.25, 6),
};
const { weight, bias, wq, wk, wv, wo } = parameters;

/** `[tokens, width]` -> `[heads, tokens, width / heads]` */
const split = (x: Tensor): Tensor => x.reshape([tokens, heads, width / heads]).swapAxes(0, 1);

const project = productFlops(tokens, width, width);
const attend = heads * productFlops(tokens, tokens, width / heads);
const outputs = tokens * width;

const subject: Subject = {
  name: 'attention',
  title: `x + attention(layerNorm(x)), ${tokens} tokens, ${width} wide, ${heads} heads, batch ${batch}: J [${batch},${tokens},${width},${tokens},${width}]`,
  derivative: 'batch jacobian',
  parameters,
  f: (x) => {
    const h = layerNorm(x, 1, { weight, bias });
    const [q, k, v] = [wq, wk, wv].map((w) => split(h.matmul(w))) as [Tensor, Tensor, Tensor];
    const mixed = scaledDotProductAttention(q, k, v).swapAxes(0, 1).reshape([tokens, width]);
    return x.add(mixed.matmul(wo));
  },
  inputs: [random([batch, tokens, width], 1, 77)],
  shape: [batch, tokens, width, tokens, width],
  // backward for each output: four products of the attention and three projections
  flops: batch * (4 * project + 2 * attend + outputs * (4 * attend + 3 * project)),
  peer: { name: 'attention', settings: { heads } },
};
export default subject;
