import { array, gelu, jacobian, linear, vmap } from '../src/node.ts';
import type { Engine, Tensor } from '../src/node.ts';
import { medianTime, noise, type Row } from './measure.ts';

const sizes = [784, 128, 64, 10];

/** A network of the size of the digit classifier. */
function network(): (x: Tensor) => Tensor {
  const layers = sizes.slice(1).map((outputs, i) => {
    const inputs = sizes[i] as number;
    return {
      weight: array(
        noise(outputs * inputs).map((v) => v / Math.sqrt(inputs)),
        [outputs, inputs],
      ),
      bias: array(noise(outputs), [outputs]),
    };
  });
  return (x) =>
    layers.reduce((value, { weight, bias }, i) => {
      const next = linear(value, weight, bias);
      return i < layers.length - 1 ? gelu(next) : next;
    }, x);
}

/** The Jacobian of a small classifier at one input and at a batch of inputs, read back. */
export async function measureJacobian(engine: Engine): Promise<Row[]> {
  const net = network();
  const rows: Row[] = [];
  for (const mode of ['reverse', 'forward'] as const)
    for (const batch of mode === 'reverse' ? [1, 64] : [1]) {
      const J = jacobian(net, { mode });
      const compiled = engine.compile(batch === 1 ? J : vmap(J));
      const x = array(noise(batch * 784), batch === 1 ? [784] : [batch, 784]);
      const start = performance.now();
      await compiled.prepare(x);
      const compile = performance.now() - start;
      const run = await medianTime(async () => {
        using out = await compiled(x);
        await out.read();
      });
      rows.push({ mode, batch, 'compile ms': +compile.toFixed(1), 'run ms': +run.toFixed(2) });
    }
  return rows;
}
