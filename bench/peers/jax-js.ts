// jax-js by the best way that works: a vjp and a vmap over its pullback with the rows of an identity,
// jitted; forward, the same with jvp, where there are fewer inputs than outputs. Its own jacrev throws
// unless there are as many outputs as inputs, and its jacfwd gives the transpose.
import { pretendBrowser } from './node-gpu.ts';
import { serve, Unable, type Numbers, type Ready, type Task } from './serve.ts';

/** An array of jax-js. Each use but the last takes `ref`: functions consume what they are given. */
interface Arr {
  readonly ref: Arr;
  readonly shape: readonly number[];
  add(other: Arr | number): Arr;
  sub(other: Arr | number): Arr;
  mul(other: Arr | number): Arr;
  neg(): Arr;
  sum(axis?: number): Arr;
  reshape(shape: readonly number[]): Arr;
  transpose(axes?: readonly number[]): Arr;
  data(): Promise<Float32Array>;
  dispose(): void;
}
type F = (...args: Arr[]) => Arr;
type Unary = (x: Arr) => Arr;

interface Jax {
  numpy: Record<'tanh' | 'sin' | 'exp' | 'sqrt', Unary> & {
    array(data: Float32Array, options: { shape: readonly number[] }): Arr;
    dot(a: Arr, b: Arr): Arr;
    matmul(a: Arr, b: Arr): Arr;
    eye(n: number): Arr;
    onesLike(x: Arr): Arr;
    mean(x: Arr, axis: number, options: { keepdims: boolean }): Arr;
  };
  nn: Record<'relu' | 'softplus' | 'logsumexp', Unary> & { softmax(x: Arr, axis: number): Arr };
  lax: { conv(x: Arr, w: Arr, strides: readonly number[], padding: string): Arr };
  jit<A extends unknown[]>(f: (...args: A) => Arr): ((...args: A) => Arr) & { dispose(): void };
  vjp(f: Unary, primals: [Arr]): [Arr, (cotangent: Arr) => [Arr]];
  jvp(f: Unary, primals: [Arr], tangents: [Arr]): [Arr, Arr];
  vmap(f: F, inAxes?: readonly (number | null)[]): F;
  grad(f: Unary): Unary;
  init(device: string): Promise<readonly string[]>;
  defaultDevice(device: string): string;
}

pretendBrowser();
const library = new URL('./node_modules/.bundles/jax-js.mjs', import.meta.url).href;
const jax = (await import(/* @vite-ignore */ library)) as Jax;
const { numpy: np, nn, lax, jit, vjp, jvp, vmap, grad } = jax;
if (!(await jax.init('webgpu')).includes('webgpu')) throw new Error('jax-js: no WebGPU');
jax.defaultDevice('webgpu');

type Parameters = Readonly<Record<string, Arr>>;
type Make = (p: Parameters, settings: Readonly<Record<string, number>>) => Unary;

/** A parameter, to be used once more. */
const use = (p: Parameters, name: string): Arr => (p[name] as Arr).ref;

const layers: Make =
  (p, { layers: count = 0 }) =>
  (x) => {
    let h = x;
    for (let i = 0; i < count; i++) {
      h = np.dot(h, use(p, `w${i}`));
      if (i < count - 1) h = np.tanh(h);
    }
    return h;
  };

const layerNorm = (x: Arr, weight: Arr, bias: Arr): Arr => {
  const d = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(d.ref.mul(d.ref), -1, { keepdims: true });
  return d
    .mul(power(np.sqrt(variance.add(1e-5))))
    .mul(weight)
    .add(bias);
};

/** 1 / x */
const power = (x: Arr): Arr => (np as unknown as { reciprocal: Unary }).reciprocal(x);

/** `[C, H, W]` -> the same, batch norm of a 3x3 convolution with padding */
const convNorm = (x: Arr, p: Parameters, i: number): Arr => {
  const [c = 0, h = 0, w = 0] = x.shape;
  const y = lax.conv(x.reshape([1, c, h, w]), use(p, `w${i}`), [1, 1], 'SAME').reshape([c, h, w]);
  const channel = (name: string): Arr => use(p, `${name}${i}`).reshape([c, 1, 1]);
  const scale = channel('weight').mul(power(np.sqrt(channel('variance').add(1e-5))));
  return y.sub(channel('mean')).mul(scale).add(channel('bias'));
};

/** The functions of the subjects, of one sample. */
const functions: Readonly<Record<string, Make>> = {
  mlp: layers,
  'mlp-sum': (p, s) => (x) => layers(p, s)(x).sum(),
  'mlp-logsumexp': (p, s) => (x) => nn.logsumexp(layers(p, s)(x)),
  cnn: (p) => (x) => {
    const h = nn.relu(lax.conv(x.reshape([1, 1, 28, 28]), use(p, 'w0'), [1, 1], 'VALID'));
    const g = nn.relu(lax.conv(h, use(p, 'w1'), [2, 2], 'VALID'));
    return np.dot(g.reshape([16 * 12 * 12]), use(p, 'w2'));
  },
  attention:
    (p, { heads = 1 }) =>
    (x) => {
      const [tokens = 0, width = 0] = x.shape;
      const h = layerNorm(x.ref, use(p, 'weight'), use(p, 'bias'));
      const split = (w: string): Arr =>
        np
          .matmul(h.ref, use(p, w))
          .reshape([tokens, heads, width / heads])
          .transpose([1, 0, 2]);
      const [q, k, v] = [split('wq'), split('wk'), split('wv')];
      h.dispose();
      const scores = np.matmul(q, k.transpose([0, 2, 1])).mul(1 / Math.sqrt(width / heads));
      const mixed = np.matmul(nn.softmax(scores, -1), v).transpose([1, 0, 2]);
      return x.add(np.matmul(mixed.reshape([tokens, width]), use(p, 'wo')));
    },
  resnet: (p) => (x) => nn.relu(convNorm(nn.relu(convNorm(x.ref, p, 0)), p, 1).add(x)),
  layernorm: (p) => (x) => layerNorm(x, use(p, 'weight'), use(p, 'bias')),
  softmax: () => (x) => nn.softmax(x, -1),
  elementwise: () => (x) => {
    const bell = np.exp(x.ref.mul(x.ref).neg());
    return x.ref.mul(bell).add(np.tanh(np.sin(x)));
  },
  logistic: (p) => (w) => {
    const z = np.dot(use(p, 'data'), w);
    return nn
      .softplus(z.ref)
      .sub(z.mul(use(p, 'labels')))
      .sum();
  },
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
const put = ({ data, shape }: Numbers): Arr => np.array(data, { shape });

/** The Jacobian of `f` as `[outputs, inputs]`, or `[inputs, outputs]` forward. */
function jacobian(f: Unary, m: number, n: number, forward: boolean): Unary {
  const flat: Unary = (x) => f(x).reshape([m]);
  return (x) => {
    if (forward) {
      const column: Unary = (t) => {
        const [y, dy] = jvp(flat, [x.ref], [t.reshape(x.shape)]);
        y.dispose();
        return dy;
      };
      return vmap(column)(np.eye(n)).transpose();
    }
    const [y, pull] = vjp(flat, [x]);
    y.dispose();
    return vmap((ct) => pull(ct)[0])(np.eye(m));
  };
}

function prepare({ described, inputs, parameters }: Task): Ready {
  const { derivative, settings, shape } = described;
  const make = functions[described.function];
  if (!make) throw new Unable(`has no ${described.function}`);
  const batched = derivative === 'batch jacobian';
  const first = inputs[0] as Numbers;
  const inputShape = first.shape.slice(batched ? 1 : 0);
  const n = sizeOf(inputShape);
  const m = sizeOf(shape.slice(batched ? 1 : 0)) / n;
  const forward = derivative.endsWith('jacobian') && n < m;
  const names = Object.keys(parameters);
  const held = names.map((name) => put(parameters[name] as Numbers));
  const whole = (xs: Arr[], ps: Arr[]): Arr => {
    const p = Object.fromEntries(names.map((name, i) => [name, ps[i] as Arr]));
    const f = make(p, settings);
    const [x, v] = xs as [Arr, Arr];
    switch (derivative) {
      case 'jacobian':
        return jacobian(f, m, n, forward)(x);
      case 'batch jacobian':
        return vmap(jacobian(f, m, n, forward))(x);
      case 'hessian': {
        const column: Unary = (t) => {
          const [g, dg] = jvp(grad(f), [x.ref], [t]);
          g.dispose();
          return dg;
        };
        return vmap(column)(np.eye(n));
      }
      case 'diagonal': {
        const [y, dy] = jvp(f, [x], [np.onesLike(x.ref)]);
        y.dispose();
        return dy;
      }
      case 'hvp': {
        const [g, dg] = jvp(grad(f), [x], [v]);
        g.dispose();
        return dg;
      }
    }
  };
  const compiled = jit(whole);
  return {
    way: forward ? 'vmap of jvp' : derivative.endsWith('jacobian') ? 'vmap of vjp' : 'jvp',
    async run() {
      const out = compiled(
        inputs.map(put),
        held.map((w) => w.ref),
      );
      return await out.data();
    },
    stop() {
      for (const w of held) w.dispose();
      compiled.dispose();
    },
  };
}

await serve('jax-js 0.1.25', prepare);
