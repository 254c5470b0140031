import {
  add,
  clamp,
  elu,
  leakyRelu,
  mul,
  relu,
  sigmoid,
  softplus,
  softsign,
  tanh,
  where,
  greaterEqual,
  type Tensor,
} from '../../../trace/index.ts';

type Activation = (x: Tensor, alpha: number, beta: number) => Tensor;

interface Named {
  readonly f: Activation;
  readonly alpha: number;
  readonly beta: number;
}

const named = (f: Activation, alpha = 0, beta = 0): Named => ({ f, alpha, beta });

/** The activations that recurrent nodes name, with what their coefficients are unless said. */
const activations = new Map<string, Named>([
  ['relu', named(relu)],
  ['tanh', named(tanh)],
  ['sigmoid', named(sigmoid)],
  ['affine', named((x, a, b) => add(mul(a, x), b), 1, 0)],
  ['leakyrelu', named((x, a) => leakyRelu(x, a), 0.01)],
  ['thresholdedrelu', named((x, a) => where(greaterEqual(x, a), x, 0), 1)],
  ['scaledtanh', named((x, a, b) => mul(a, tanh(mul(b, x))), 1, 1)],
  ['hardsigmoid', named((x, a, b) => clamp(add(mul(a, x), b), 0, 1), 0.2, 0.5)],
  ['elu', named((x, a) => elu(x, a), 1)],
  ['softsign', named(softsign)],
  ['softplus', named(softplus)],
]);

/**
 * The activations of a recurrent node, one after another.
 *
 * @param names as the node has them; case does not matter
 * @returns `undefined` for a name that there is not
 */
export function activationsOf(
  names: readonly string[],
  alphas: readonly number[],
  betas: readonly number[],
): ((x: Tensor) => Tensor)[] | undefined {
  // coefficients are listed for those activations only that have some
  let [a, b] = [0, 0];
  const list = names.map((name) => {
    const found = activations.get(name.toLowerCase());
    if (!found) return undefined;
    const takesAlpha = found.alpha !== 0;
    const takesBeta = found.beta !== 0 || name.toLowerCase() === 'affine';
    const alpha = takesAlpha ? (alphas[a++] ?? found.alpha) : 0;
    const beta = takesBeta ? (betas[b++] ?? found.beta) : 0;
    return (x: Tensor) => found.f(x, alpha, beta);
  });
  return list.every((f) => f !== undefined) ? list : undefined;
}
