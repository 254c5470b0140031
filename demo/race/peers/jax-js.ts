// jax-js by the best way that works: vmap over a pullback, or over a pushforward where there are fewer
// inputs than outputs, with the rows of an identity, jitted. Its own jacrev throws unless there are as
// many outputs as inputs. Functions consume what they are given: each use but the last takes `ref`.
import {
  defaultDevice,
  init,
  jit,
  jvp,
  lax,
  nn,
  numpy as np,
  vjp,
  vmap,
  type Array as Arr,
} from '@jax-js/jax';
import type { CourseId } from '../courses.ts';
import type { Prepare } from './task.ts';

type Weights = Readonly<Record<string, Arr>>;
/** `[inputs]` -> `[outputs]` */
type Single = (x: Arr) => Arr;

const use = (w: Weights, name: string): Arr => (w[name] as Arr).ref;

const dense = (x: Arr, w: Weights, name: string): Arr =>
  np.dot(x, use(w, `${name}.weight`).transpose()).add(use(w, `${name}.bias`));

const gelu = (x: Arr): Arr => x.ref.mul(0.5).mul(lax.erf(x.mul(Math.SQRT1_2)).add(1));

/** Convolution, batch norm, ReLU and pooling, channels first. */
function block(x: Arr, w: Weights, i: 1 | 2): Arr {
  const y = lax.conv(x, use(w, `c${i}.weight`), [1, 1], 'SAME');
  const [, c = 1, h = 1] = y.shape;
  const channels = (name: string): Arr => use(w, name).reshape([1, c, 1, 1]);
  const deviation = np.sqrt(channels(`b${i}.running_var`).add(1e-5));
  const normal = y
    .add(channels(`c${i}.bias`))
    .sub(channels(`b${i}.running_mean`))
    .div(deviation);
  const shifted = normal.mul(channels(`b${i}.weight`)).add(channels(`b${i}.bias`));
  return np.max(nn.relu(shifted).reshape([1, c, h / 2, 2, h / 2, 2]), [3, 5]);
}

const functions: Readonly<Record<CourseId, (w: Weights) => Single>> = {
  mlp: (w) => (x) => dense(gelu(dense(gelu(dense(x, w, 'fc1')), w, 'fc2')), w, 'fc3'),
  decoder: (w) => (x) => nn.sigmoid(dense(nn.elu(dense(x, w, 'fc1')), w, 'fc2')),
  cnn: (w) => (x) =>
    dense(block(block(x.reshape([1, 1, 28, 28]), w, 1), w, 2).reshape([1176]), w, 'fc'),
  pendulum: () => (x) => {
    const g = 9.81;
    const [p, q, u, v] = [x.ref.slice(0), x.ref.slice(1), x.ref.slice(2), x.slice(3)] as const;
    const d = p.ref.sub(q.ref);
    const [w1, w2] = [np.square(u.ref), np.square(v.ref)];
    const n = np.cos(d.ref.mul(2)).mul(-1).add(3);
    const twice = np.sin(d.ref).mul(2);
    const pull = twice.ref.mul(w2.ref.add(w1.ref.mul(np.cos(d.ref))));
    const fall = np
      .sin(p.ref)
      .mul(3 * g)
      .add(np.sin(p.ref.sub(q.mul(2))).mul(g));
    const a1 = fall.add(pull).mul(-1).div(n.ref);
    const push = w1
      .mul(2)
      .add(np.cos(p).mul(2 * g))
      .add(w2.mul(np.cos(d)));
    return np.stack([u, v, a1, twice.mul(push).div(n)]);
  },
};

/** The Jacobian of `f`, `[outputs, inputs]`. */
function jacobian(f: Single, x: Arr, outputs: number): Arr {
  const inputs = x.shape[0] as number;
  if (inputs < outputs) {
    const column = (t: Arr): Arr => {
      const [y, dy]: [Arr, Arr] = jvp(f, [x.ref], [t]);
      y.dispose();
      return dy;
    };
    return vmap(column)(np.eye(inputs)).transpose();
  }
  const [y, pull]: [Arr, (u: Arr) => [Arr]] = vjp(f, [x]);
  y.dispose();
  return vmap((u: Arr) => pull(u)[0])(np.eye(outputs));
}

export const prepare: Prepare = async ({ course, x, outputs, parameters }) => {
  if (!(await init('webgpu')).includes('webgpu')) throw new Error('it found no WebGPU');
  defaultDevice('webgpu');
  const names = Object.keys(parameters);
  const held = Object.values(parameters).map(({ data, shape }) =>
    np.array(data, { shape: [...shape] }),
  );
  const compiled = jit((at: Arr, ws: Arr[]) => {
    const w = Object.fromEntries(names.map((name, i) => [name, ws[i] as Arr]));
    return jacobian(functions[course](w), at, outputs);
  });
  return {
    way: `vmap of ${x.length < outputs ? 'jvp' : 'vjp'}, jitted`,
    run: async () => {
      const J = compiled(
        np.array(x, { shape: [x.length] }),
        held.map((w) => w.ref),
      );
      return (await J.data()) as Float32Array;
    },
  };
};
