import { conv2d, vjp, zeros, type Engine, type Tensor } from '../../src/node.ts';
import { convolutionFlops } from '../flops.ts';
import type { Assembly } from '../handwritten/chain.ts';
import {
  blocksFor,
  convolution,
  hasQuads,
  laidOut,
  type Convolution,
} from '../handwritten/convolution.ts';
import { races } from '../race.ts';
import { random, type Special } from '../subject.ts';

/** What the suite has, and where. */
const suite: readonly (Convolution & { readonly of: string })[] = [
  {
    ...{ of: 'D value', kind: 'value', images: 16, stride: 1, padding: 0 },
    ...{ from: { channels: 1, size: 28 }, to: { channels: 8, size: 26 } },
  },
  {
    ...{ of: 'D value', kind: 'value', images: 16, stride: 2, padding: 0 },
    ...{ from: { channels: 8, size: 26 }, to: { channels: 16, size: 12 } },
  },
  {
    ...{ of: 'D', kind: 'gradient', images: 160, stride: 2, padding: 0 },
    ...{ from: { channels: 16, size: 12 }, to: { channels: 8, size: 26 } },
  },
  {
    ...{ of: 'D', kind: 'gradient', images: 160, stride: 1, padding: 0 },
    ...{ from: { channels: 8, size: 26 }, to: { channels: 1, size: 28 } },
  },
  {
    ...{ of: 'resnet', kind: 'gradient', images: 2048, stride: 1, padding: 1 },
    ...{ from: { channels: 8, size: 16 }, to: { channels: 8, size: 16 } },
  },
];

/** The convolution by hand, in each way that is worth trying on the adapter. */
function byHand(engine: Engine, c: Convolution, weights: Float32Array): Map<string, Assembly> {
  const sizeOf = ({ channels, size }: Convolution['from']): number =>
    c.images * channels * size * size;
  return new Map(
    blocksFor(c).map((block): [string, Assembly] => {
      const own = laidOut(c, block, weights);
      const layout = new Map([
        ['from', sizeOf(c.from)],
        ['weights', own.length],
        ['to', sizeOf(c.to)],
      ]);
      const steps = [
        { shader: convolution(c, block, hasQuads(engine)), buffers: ['from', 'weights', 'to'] },
      ];
      const name = `${block.height}x${block.width} of ${block.channels}`;
      const constants = new Map([['weights', own]]);
      return [name, { layout, constants, steps, input: 'from', output: 'to' }];
    }),
  );
}

const subject: Special = {
  name: 'convolutions',
  title: 'convolutions of the suite on the GPU alone: our kernels and the best by hand',
  measure: () =>
    races(async (engine, add) => {
      for (const { of, ...c } of suite) {
        const { kind, images, from, to, stride, padding } = c;
        const isValue = kind === 'value';
        const [outputs, inputs] = isValue ? [to, from] : [from, to];
        const w = random([outputs.channels, inputs.channels, 3, 3], 0.5, 2);
        const plane = ({ channels, size }: Convolution['from']): string =>
          `${channels}@${size}x${size}`;
        const options = { stride, padding };
        const value = (x: Tensor): Tensor => conv2d(x, w, options);
        const image = [images, to.channels, to.size, to.size];
        await add({
          name: `${kind}, ${images} x ${plane(from)} to ${plane(to)}, stride ${stride}`,
          of,
          flops: images * convolutionFlops({ ...positionsOf(c), taps: 9 }),
          f: (x) => (isValue ? value(x) : vjp(value, zeros(image))[1](x)[0]),
          input: random([images, from.channels, from.size, from.size], 1, 1),
          byHand: byHand(engine, c, w.data as Float32Array),
        });
      }
    }),
};
export default subject;

/** Positions of the convolution's output, in whichever direction it is computed. */
function positionsOf({ kind, from, to }: Convolution) {
  const { size } = kind === 'value' ? to : from;
  return { positions: size * size, inputs: from.channels, outputs: to.channels };
}
