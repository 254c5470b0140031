import { beforeAll, describe, expect, test } from 'vitest';
import {
  array,
  batchJacobian,
  crossEntropy,
  einsum,
  grad,
  hessian,
  hvp,
  jacfwd,
  jacobian,
  jacrev,
  jvp,
  vjp,
  vmap,
  type HostArray,
  type Tensor,
} from '../../src/index.ts';
import type { Backend, Traced } from './backend.ts';
import { networks, readParams, type Layers, type Networks } from './models.ts';
import {
  expectNumbers,
  expectReference,
  filled,
  leaf,
  maxAbs,
  maxError,
  readReference,
  relativeError,
  row,
  type ModelReference,
  type Numbers,
  type Reference,
  type Result,
} from './reference.ts';

// Every array of the reference files of the four models, through the public API.

type Params = Record<string, Record<string, Tensor>>;
type Network = (params: never, x: Tensor) => Tensor;

/** The arrays that are inputs of the computation, not results of it. */
const isInput = (key: string): boolean =>
  ['x', 'v', 'u', 'z'].includes(key) || key.startsWith('jac_param_index:');

/** A model, its references, and what was compared: a reference nobody asked for is an error. */
class Model {
  params: Layers = {};
  #reference!: ModelReference;
  readonly #compared = new Set<string>();

  /** @param count how many of the samples to use */
  constructor(
    readonly name: string,
    readonly backend: Backend,
    readonly count: number,
  ) {}

  async load(): Promise<void> {
    this.params = await readParams(this.name);
    this.#reference = await readReference(this.name);
  }

  /** 0, 1, ... */
  get samples(): number[] {
    return Array.from({ length: this.count }, (_, i) => i);
  }

  /** The true classes of the samples. */
  get labels(): readonly number[] {
    return this.#reference.labels.slice(0, this.count);
  }

  /** A stored input of all samples, narrowed to float32 without loss. */
  input(key: string): HostArray {
    const { shape, data } = this.#used(this.#reference.get(key));
    return array(Float64Array.from(data), shape);
  }

  /** What an array holds of the samples in use; other arrays whole. */
  #used(x: Numbers): Numbers {
    const all = this.#reference.get(this.#reference.keys()[0] as string).shape[0] as number;
    if (x.shape[0] !== all) return x;
    const data = Array.prototype.slice.call(x.data, 0, (x.data.length / all) * this.count);
    return { shape: [this.count, ...x.shape.slice(1)], data: data as number[] };
  }

  /** Sample `i` of a stored input. */
  sample(key: string, i: number): HostArray {
    const x = row(this.#reference.get(key), i);
    return array(Float64Array.from(x.data), x.shape);
  }

  want(key: string): Reference & { readonly data: Float64Array } {
    this.#compared.add(key);
    return this.#reference.get(key);
  }

  /** Asserts array `key`, of all samples or of sample `i`. */
  expect(got: Result, key: string, i?: number): void {
    const want = this.want(key);
    const part = { ...want, ...(i === undefined ? this.#used(want) : row(want, i)) };
    const what = i === undefined ? key : `${key}[${i}]`;
    expectReference(got as Numbers, part, this.backend.tolerance, `${this.name} ${what}`);
  }

  /** Keys of results that no `expect` has asked for. */
  missed(): string[] {
    return this.#reference.keys().filter((key) => !isInput(key) && !this.#compared.has(key));
  }
}

const flat = (x: Tensor, from: number): Tensor => x.flatten(from);

/** The two digit classifiers have the same list of references. */
function classifierTests(
  model: Model,
  network: Network,
  batched: boolean,
  whole: readonly string[],
  sampled: readonly string[],
): void {
  const { backend } = model;
  const net = network as (params: unknown, x: Tensor) => Tensor;
  /** one sample -> logits [10] */
  const one = (params: unknown, x: Tensor): Tensor =>
    batched ? net(params, x.expandDims(0)).squeeze(0) : net(params, x);
  const f = (x: Tensor): Tensor => one(model.params, x);
  const loss = (x: Tensor): Tensor =>
    crossEntropy(net(model.params, x), [...model.labels], { reduction: 'sum' });

  test('logits: a batch, and each sample alone', async () => {
    model.expect(
      await backend.run((x: Tensor) => net(model.params, x), model.input('x')),
      'logits',
    );
    for (const i of model.samples)
      model.expect(await backend.run(f, model.sample('x', i)), 'logits', i);
  });

  test.each(['reverse', 'auto'] as const)('jac_x: %s, each sample', async (mode) => {
    const J = jacobian(f, { mode }) as Traced;
    for (const i of model.samples)
      model.expect(await backend.run(J, model.sample('x', i)), 'jac_x', i);
  });

  test.each([
    ['vmap(jacobian)', vmap(jacobian(f))],
    ['vmap(jacrev)', vmap(jacrev(f))],
    ['batchJacobian', batchJacobian((x: Tensor) => net(model.params, x))],
  ])('jac_x: %s of the batch', async (_, J) => {
    model.expect(await backend.run(J as Traced, model.input('x')), 'jac_x');
  });

  test('jvp_x', async () => {
    const push = (x: Tensor, v: Tensor) => jvp(f, [x], [v])[1];
    const got = await backend.run(vmap(push) as Traced, model.input('x'), model.input('v'));
    model.expect(got, 'jvp_x');
  });

  test('vjp_x', async () => {
    const pull = (x: Tensor, u: Tensor) => {
      const [, pullback] = vjp(f, x);
      return pullback(u);
    };
    const got = await backend.run(vmap(pull) as Traced, model.input('x'), model.input('u'));
    model.expect(leaf([got].flat(), 0), 'vjp_x');
  });

  test('probs_jac_x: the first and the last sample', async () => {
    const J = jacobian((x: Tensor) => f(x).softmax()) as Traced;
    for (const [k, i] of [0, 5].entries())
      model.expect(await backend.run(J, model.sample('x', i)), 'probs_jac_x', k);
  });

  test('loss_grad_x', async () => {
    model.expect(await backend.run(grad(loss) as Traced, model.input('x')), 'loss_grad_x');
  });

  test('loss_hvp_x', async () => {
    const product = (x: Tensor, v: Tensor) => hvp(loss, [x], [v]);
    const got = await backend.run(product, model.input('x'), model.input('v'));
    model.expect(leaf([got].flat(), 0), 'loss_hvp_x');
  });

  test('jac_param: every parameter at once, whole, sampled and by norm', async () => {
    const J = jacobian((params: Params, x: Tensor) => one(params, x));
    const got = await backend.run(J as Traced, model.params, model.sample('x', 0));
    for (const key of whole) model.expect(leaf(got, ...key.split('.')), `jac_param:${key}`, 0);
    for (const key of sampled) {
      const block = leaf(got, ...key.split('.'));
      const size = block.data.length / 10;
      const pairs = model.want(`jac_param_index:${key}`).data;
      const entries = Array.from({ length: pairs.length / 2 }, (_, k) => {
        const at = (pairs[2 * k] as number) * size + (pairs[2 * k + 1] as number);
        return block.data[at] as number;
      });
      model.expect({ shape: [entries.length], data: entries }, `jac_param_sampled:${key}`);
      const squares = Array.from(block.data).reduce((sum, v) => sum + v * v, 0);
      model.expect({ shape: [1], data: [Math.sqrt(squares)] }, `jac_param_norm:${key}`);
    }
  });

  test('ntk: products of parameter Jacobians of all pairs of samples', async () => {
    const trained = (params: Params, x: Tensor) => {
      const J = vmap((xi: Tensor) => jacobian((p: Params) => one(p, xi))(params))(x);
      const leaves = Object.values(J).flatMap((layer) =>
        Object.entries(layer).flatMap(([key, block]) => (key.startsWith('running') ? [] : [block])),
      );
      return leaves
        .map((block) => einsum('ikp,jlp->ikjl', flat(block, 2), flat(block, 2)))
        .reduce((a, b) => a.add(b));
    };
    // two samples make every kind of pair; the interpreter takes its time
    const count = backend.name === 'gpu' ? model.count : 2;
    const all = model.input('x');
    const x = array(all.data.slice(0, count * 784), [count, ...all.shape.slice(1)]);
    const want = model.want('ntk');
    const block = filled([count, 10, count, 10], (n) => {
      const [i, j] = [Math.floor(n / (100 * count)), Math.floor(n / 10) % count];
      const k = Math.floor(n / (10 * count)) % 10;
      return want.data[((i * 10 + k) * 6 + j) * 10 + (n % 10)] as number;
    });
    const got = await backend.run(trained, model.params, x);
    expectNumbers(got as Numbers, block, want[backend.tolerance], `${model.name} ntk`);
  });
}

/** The layers in new objects: the arrays are the same. */
const copied = (layers: Layers): Record<string, Record<string, unknown>> =>
  Object.fromEntries(Object.entries(layers).map(([key, layer]) => [key, { ...layer }]));

const allCompared = (model: Model): void => {
  test('no reference array is left out', () => {
    expect(model.missed()).toEqual([]);
  });
};

/**
 * All references of all models.
 *
 * @param load the networks; unless said, those written with the library's functions
 */
export function modelSuite(
  backend: Backend,
  load: () => Promise<Networks> = () => Promise.resolve(networks),
): void {
  let nets: Networks;
  const mlp: Networks['mlp'] = (params, x) => nets.mlp(params, x);
  const cnn: Networks['cnn'] = (params, x) => nets.cnn(params, x);
  const encoder: Networks['encoder'] = (params, x) => nets.encoder(params, x);
  const decoder: Networks['decoder'] = (params, z) => nets.decoder(params, z);

  // the interpreter takes its time over convolutions; sample 0 has ties in its pools, 1 has none
  const cnnSamples = backend.name === 'gpu' ? 6 : 2;
  const models = {
    mlp: new Model('mnist-mlp', backend, 6),
    cnn: new Model('mnist-cnn', backend, cnnSamples),
    encoder: new Model('mnist-vae-encoder', backend, 5),
    decoder: new Model('mnist-vae-decoder', backend, 6),
  };
  beforeAll(async () => {
    nets = await load();
    for (const model of Object.values(models)) await model.load();
  });

  describe('mnist-mlp', () => {
    const model = models.mlp;
    const f = (x: Tensor): Tensor => mlp(model.params as never, x);

    test('J is within 2e-6 of float64 at every digit, largest error and norm', async () => {
      for (let i = 0; i < 6; i++) {
        const got = await backend.run(jacobian(f) as Traced, model.sample('x', i));
        const want = row(model.want('jac_x'), i);
        expect(maxError(got as Numbers, want) / maxAbs(want), `digit ${i}`).toBeLessThan(2e-6);
        expect(relativeError(got as Numbers, want), `digit ${i}`).toBeLessThan(2e-6);
      }
    });

    test('jac_x: forward, one sample', async () => {
      model.expect(await backend.run(jacfwd(f) as Traced, model.sample('x', 1)), 'jac_x', 1);
    });

    classifierTests(
      model,
      mlp,
      false,
      ['fc1.bias', 'fc2.weight', 'fc2.bias', 'fc3.weight', 'fc3.bias'],
      ['fc1.weight'],
    );

    test('a batch of 64 digits through vmap(jacobian(net))', async () => {
      const x = model.input('x');
      const batch = new Float32Array(64 * 784);
      for (let b = 0; b < 64; b++)
        batch.set(x.data.slice((b % 6) * 784, ((b % 6) + 1) * 784), b * 784);
      const got = await backend.run(vmap(jacobian(f)) as Traced, array(batch, [64, 784]));
      const want = model.want('jac_x');
      const data = Float64Array.from(
        { length: 64 * 7840 },
        (_, k) => want.data[k % 47040] as number,
      );
      expectNumbers(got as Numbers, { shape: [64, 10, 784], data }, want[backend.tolerance]);
    });

    allCompared(model);
  });

  describe('mnist-cnn', () => {
    classifierTests(
      models.cnn,
      cnn,
      true,
      [
        ...['c1.weight', 'c1.bias', 'b1.weight', 'b1.bias'],
        ...['c2.bias', 'b2.weight', 'b2.bias', 'fc.bias'],
      ],
      ['c2.weight', 'fc.weight'],
    );

    test('jac_param: forward, by every bias and scale at once', async () => {
      const model = models.cnn;
      // 104 seeds, where the pixels would be 784
      const keys = [
        'c1.bias',
        'b1.weight',
        'b1.bias',
        'c2.bias',
        'b2.weight',
        'b2.bias',
        'fc.bias',
      ];
      const paths = keys.map((key) => key.split('.') as [string, string]);
      const chosen = paths.map(([layer, what]) => model.params[layer]?.[what] as HostArray);
      const at = (some: Tensor[], x: Tensor): Tensor => {
        const params = copied(model.params);
        paths.forEach(([layer, what], k) => {
          (params[layer] as Record<string, unknown>)[what] = some[k];
        });
        return cnn(params as never, x.expandDims(0)).squeeze(0);
      };
      const got = await backend.run(jacfwd(at) as Traced, chosen, model.sample('x', 0));
      keys.forEach((key, k) => model.expect(leaf(got, k), `jac_param:${key}`, 0));
    });

    allCompared(models.cnn);
  });

  describe('mnist-vae-encoder', () => {
    const model = models.encoder;
    const f = (x: Tensor) => encoder(model.params as never, x);

    test('mu, logvar', async () => {
      const got = await backend.run(f, model.input('x'));
      model.expect(leaf(got, 'mu'), 'mu');
      model.expect(leaf(got, 'logvar'), 'logvar');
    });

    test('jac_mu_x, jac_logvar_x: both outputs of one Jacobian', async () => {
      const got = await backend.run(vmap(jacobian(f)) as Traced, model.input('x'));
      model.expect(leaf(got, 'mu'), 'jac_mu_x');
      model.expect(leaf(got, 'logvar'), 'jac_logvar_x');
      const one = await backend.run(jacobian(f) as Traced, model.sample('x', 0));
      model.expect(leaf(one, 'mu'), 'jac_mu_x', 0);
      model.expect(leaf(one, 'logvar'), 'jac_logvar_x', 0);
    });

    test('kl_grad_x', async () => {
      const kl = (x: Tensor): Tensor => {
        const { mu, logvar } = f(x);
        return mu.square().add(logvar.exp()).sub(1).sub(logvar).sum().mul(0.5);
      };
      model.expect(await backend.run(grad(kl) as Traced, model.input('x')), 'kl_grad_x');
    });

    allCompared(model);
  });

  describe('mnist-vae-decoder', () => {
    const model = models.decoder;
    const f = (z: Tensor): Tensor => decoder(model.params as never, z);

    test('y', async () => {
      model.expect(await backend.run(f, model.input('z')), 'y');
    });

    test.each([
      ['jacfwd', jacfwd],
      ['jacobian', jacobian],
    ])('jac_z: %s', async (_, transform) => {
      const J = transform(f) as Traced;
      for (const i of model.samples)
        model.expect(await backend.run(J, model.sample('z', i)), 'jac_z', i);
      model.expect(await backend.run(vmap(transform(f)) as Traced, model.input('z')), 'jac_z');
    });

    test('jac_z: jacrev, one sample', async () => {
      model.expect(await backend.run(jacrev(f) as Traced, model.sample('z', 0)), 'jac_z', 0);
    });

    test('metric: JᵀJ', async () => {
      const metric = (z: Tensor): Tensor => {
        const J = jacobian(f)(z);
        return J.t().matmul(J);
      };
      model.expect(await backend.run(vmap(metric) as Traced, model.input('z')), 'metric');
    });

    test('jac_roundtrip_z: the decoder into the encoder', async () => {
      const roundtrip = (z: Tensor): Tensor => encoder(models.encoder.params as never, f(z)).mu;
      for (const transform of [jacrev, jacfwd, jacobian]) {
        const got = await backend.run(vmap(transform(roundtrip)) as Traced, model.input('z'));
        model.expect(got, 'jac_roundtrip_z');
      }
    });

    test('hess_meanpixel_z', async () => {
      const mean = (z: Tensor): Tensor => f(z).mean();
      const got = await backend.run(vmap(hessian(mean)) as Traced, model.input('z'));
      model.expect(got, 'hess_meanpixel_z');
    });

    test('jac_param: fc1.weight, of one column of pixels', async () => {
      const J = jacobian((params: Params, z: Tensor) =>
        decoder(params as never, z).slice([14, null, 28]),
      );
      const got = await backend.run(J as Traced, model.params, model.sample('z', 0));
      model.expect(leaf(got, 'fc1', 'weight'), 'jac_param:fc1.weight');
    });

    allCompared(model);
  });
}
