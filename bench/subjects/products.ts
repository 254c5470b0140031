import { array, matmul as multiply, t, type Engine, type HostArray } from '../../src/node.ts';
import { productFlops } from '../flops.ts';
import type { Assembly } from '../handwritten/chain.ts';
import { matmul, variantsFor } from '../handwritten/matmul.ts';
import { races } from '../race.ts';
import { random, type Special } from '../subject.ts';

/** `[m, k] · [k, n]`, or `[m, k] · [n, k]ᵀ`, and where the suite has it. */
interface Shape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposed?: true;
  readonly of: string;
}

const suite: readonly Shape[] = [
  { m: 1, k: 784, n: 512, of: 'A1 value' },
  { m: 10, k: 512, n: 784, transposed: true, of: 'A1' },
  { m: 64, k: 784, n: 512, of: 'A64 value' },
  { m: 640, k: 512, n: 512, transposed: true, of: 'A64' },
  { m: 640, k: 512, n: 784, transposed: true, of: 'A64' },
  { m: 32, k: 512, n: 784, of: 'B' },
  { m: 256, k: 256, n: 256, transposed: true, of: 'C1' },
  { m: 4096, k: 256, n: 256, transposed: true, of: 'C16' },
  { m: 784, k: 16, n: 784, of: 'autoencoder' },
  { m: 6144, k: 48, n: 48, transposed: true, of: 'attention' },
  { m: 128, k: 512, n: 128, of: 'hessian' },
  { m: 512, k: 512, n: 512, of: '512³' },
  { m: 1024, k: 1024, n: 1024, of: '1024³' },
];
const large: Shape = { m: 2048, k: 2048, n: 2048, of: '2048³' };

/** The product by hand, in each way that is worth trying on the adapter. */
function byHand(engine: Engine, shape: Shape, b: HostArray): Map<string, Assembly> {
  const { m, k, n } = shape;
  const layout = new Map([
    ['a', m * k],
    ['b', k * n],
    ['c', m * n],
  ]);
  const constants = new Map([['b', b.data as Float32Array]]);
  return new Map(
    variantsFor(engine).map((variant): [string, Assembly] => {
      const shader = matmul(variant, { m, k, n }, engine.info.subgroupMaxSize);
      const steps = [{ shader, buffers: ['a', 'b', 'c'] }];
      return [variant, { layout, constants, steps, input: 'a', output: 'c' }];
    }),
  );
}

function transposed(x: HostArray): HostArray {
  const [rows, columns] = x.shape as [number, number];
  const data = new Float32Array(x.data.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) data[j * rows + i] = x.data[i * columns + j] as number;
  return array(data, [columns, rows]);
}

const subject: Special = {
  name: 'products',
  title: 'products of the suite on the GPU alone: our kernels and the best by hand',
  measure: () =>
    races(async (engine, add) => {
      for (const shape of engine.info.isSoftware ? suite : [...suite, large]) {
        const { m, k, n, transposed: isTransposed, of } = shape;
        const b = random([k, n], 1, 2);
        const right = isTransposed ? transposed(b) : b;
        await add({
          name: `${m}x${k}x${n}${isTransposed ? ', right transposed' : ''}`,
          of,
          flops: productFlops(m, k, n),
          f: (x) => multiply(x, isTransposed ? t(right) : right),
          input: random([m, k], 1, 1),
          byHand: byHand(engine, shape, b),
        });
      }
    }),
};
export default subject;
