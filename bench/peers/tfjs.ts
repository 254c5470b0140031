// TensorFlow.js by the best way it has: the batch repeated once for each output, and one gradient of
// the outputs weighed by the rows of an identity. Nothing is compiled ahead; kernels are cached.
import { pretendBrowser } from './node-gpu.ts';
import { serve, Unable, type Numbers, type Ready, type Task } from './serve.ts';

interface T {
  readonly shape: readonly number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}
type F = (x: T) => T;

interface Tf {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tidy<R>(f: () => R): R;
  keep<R extends T>(x: R): R;
  grad(f: F): F;
  grads(f: (...xs: T[]) => T): (xs: T[]) => T[];
  tensor(data: Float32Array, shape: readonly number[]): T;
  matMul(a: T, b: T, ta?: boolean, tb?: boolean): T;
  reshape(x: T, shape: readonly number[]): T;
  transpose(x: T, axes?: readonly number[]): T;
  tile(x: T, repeats: readonly number[]): T;
  eye(n: number): T;
  add(a: T, b: T | number): T;
  sub(a: T, b: T | number): T;
  mul(a: T, b: T | number): T;
  div(a: T, b: T | number): T;
  neg: F;
  exp: F;
  sin: F;
  tanh: F;
  relu: F;
  sqrt: F;
  square: F;
  softplus: F;
  softmax(x: T, axis: number): T;
  logSumExp(x: T, axis: number): T;
  sum(x: T, axis?: number): T;
  mean(x: T, axis: number, keepDims: boolean): T;
  conv2d(x: T, w: T, strides: number, padding: 'valid' | 'same'): T;
}

pretendBrowser();
const library = new URL('./node_modules/.bundles/tfjs.mjs', import.meta.url).href;
const tf = (await import(/* @vite-ignore */ library)) as Tf;
if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs: no WebGPU');
await tf.ready();

type Parameters = Readonly<Record<string, T>>;
type Make = (p: Parameters, settings: Readonly<Record<string, number>>) => F;

const get = (p: Parameters, name: string): T => p[name] as T;

const layers: Make =
  (p, { layers: count = 0 }) =>
  (x) => {
    let h = x;
    for (let i = 0; i < count; i++) {
      h = tf.matMul(h, get(p, `w${i}`));
      if (i < count - 1) h = tf.tanh(h);
    }
    return h;
  };

const layerNorm = (x: T, weight: T, bias: T): T => {
  const d = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(d), -1, true);
  return tf.add(tf.mul(tf.div(d, tf.sqrt(tf.add(variance, 1e-5))), weight), bias);
};

/** OIHW -> HWIO, the layout of its convolutions */
const kernel = (w: T): T => tf.transpose(w, [2, 3, 1, 0]);

const convNorm = (x: T, p: Parameters, i: number): T => {
  const y = tf.conv2d(x, kernel(get(p, `w${i}`)), 1, 'same');
  const scale = tf.div(get(p, `weight${i}`), tf.sqrt(tf.add(get(p, `variance${i}`), 1e-5)));
  return tf.add(tf.mul(tf.sub(y, get(p, `mean${i}`)), scale), get(p, `bias${i}`));
};

/** The functions of the subjects, of a batch `[N, ...]`; those of a scalar give `[N]`. */
const functions: Readonly<Record<string, Make>> = {
  mlp: layers,
  'mlp-sum': (p, s) => (x) => tf.sum(layers(p, s)(x), -1),
  'mlp-logsumexp': (p, s) => (x) => tf.logSumExp(layers(p, s)(x), -1),
  cnn: (p) => (x) => {
    const n = x.shape[0] as number;
    const h = tf.relu(tf.conv2d(tf.reshape(x, [n, 28, 28, 1]), kernel(get(p, 'w0')), 1, 'valid'));
    const g = tf.relu(tf.conv2d(h, kernel(get(p, 'w1')), 2, 'valid'));
    const flat = tf.reshape(tf.transpose(g, [0, 3, 1, 2]), [n, 16 * 12 * 12]);
    return tf.matMul(flat, get(p, 'w2'));
  },
  attention:
    (p, { heads = 1 }) =>
    (x) => {
      const [n = 0, tokens = 0, width = 0] = x.shape;
      const project = (h: T, w: string): T =>
        tf.matMul(tf.reshape(h, [n * tokens, width]), get(p, w));
      const h = layerNorm(x, get(p, 'weight'), get(p, 'bias'));
      const split = (w: string): T =>
        tf.transpose(tf.reshape(project(h, w), [n, tokens, heads, width / heads]), [0, 2, 1, 3]);
      const scores = tf.matMul(split('wq'), split('wk'), false, true);
      const weights = tf.softmax(tf.mul(scores, 1 / Math.sqrt(width / heads)), -1);
      const mixed = tf.transpose(tf.matMul(weights, split('wv')), [0, 2, 1, 3]);
      return tf.add(x, tf.reshape(project(mixed, 'wo'), [n, tokens, width]));
    },
  resnet: (p) => (x) => {
    const last = tf.transpose(x, [0, 2, 3, 1]);
    const h = tf.relu(convNorm(last, p, 0));
    return tf.transpose(tf.relu(tf.add(convNorm(h, p, 1), last)), [0, 3, 1, 2]);
  },
  layernorm: (p) => (x) => layerNorm(x, get(p, 'weight'), get(p, 'bias')),
  softmax: () => (x) => tf.softmax(x, -1),
  elementwise: () => (x) => tf.add(tf.mul(x, tf.exp(tf.neg(tf.square(x)))), tf.tanh(tf.sin(x))),
  logistic: (p) => (w) => {
    const z = tf.matMul(w, get(p, 'data'), false, true);
    return tf.sum(tf.sub(tf.softplus(z), tf.mul(z, get(p, 'labels'))), -1);
  },
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** `[B, ...]` -> `[B m, ...]`, each sample m times. */
function repeated(x: T, m: number): T {
  const [count = 1, ...rest] = x.shape;
  const size = sizeOf(rest);
  return tf.reshape(tf.tile(tf.reshape(x, [count, 1, size]), [1, m, 1]), [count * m, ...rest]);
}

function prepare({ described, inputs, parameters }: Task): Ready {
  const { derivative, settings, shape } = described;
  const make = functions[described.function];
  if (!make) throw new Unable(`has no ${described.function}`);
  const p = Object.fromEntries(
    Object.entries(parameters).map(([name, { data, shape: s }]) => [name, tf.tensor(data, s)]),
  );
  const f = make(p, settings);
  const first = inputs[0] as Numbers;
  const batched = derivative === 'batch jacobian' ? first.shape : [1, ...first.shape];
  const [count = 1, ...inner] = batched;
  const n = sizeOf(inner);
  const m = sizeOf(shape) / count / n;
  const compute = (x: T, v: T): T => {
    switch (derivative) {
      case 'jacobian':
      case 'batch jacobian': {
        const seeds = tf.tile(tf.eye(m), [count, 1]);
        const weighed: F = (xs) => tf.sum(tf.mul(tf.reshape(f(xs), [count * m, m]), seeds));
        return tf.grad(weighed)(repeated(x, m));
      }
      case 'diagonal':
        return tf.grad((xs) => tf.sum(f(xs)))(x);
      case 'hessian': {
        const gradient = tf.grad((xs) => tf.sum(f(xs)));
        return tf.grad((xs) => tf.sum(tf.mul(gradient(xs), tf.eye(n))))(repeated(x, n));
      }
      case 'hvp': {
        const gradient = tf.grad((xs) => tf.sum(f(xs)));
        return tf.grad((xs) => tf.sum(tf.mul(gradient(xs), v)))(x);
      }
    }
  };
  return {
    way: 'batch repeated, one grad',
    async run() {
      const out = tf.tidy(() => {
        const [x, v = x] = inputs.map(({ data, shape: s }) =>
          tf.tensor(data, derivative === 'batch jacobian' ? s : [1, ...s]),
        ) as [T, T?];
        return compute(x, v);
      });
      const data = await out.data();
      out.dispose();
      return data;
    },
    stop() {
      for (const w of Object.values(p)) w.dispose();
    },
  };
}

await serve('tfjs 4.22.0', prepare);
