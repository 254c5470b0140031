import { decodeNpy } from '../formats/npy.ts';
import { readArrayFile } from './arrays.ts';
import { readBytes } from './files.ts';
import { UsageError } from './usage.ts';

/** What the Jacobian is compared with, in float64 or float32, row-major. */
export type ReferenceData = ArrayLike<number>;

/**
 * Reads a reference Jacobian: a `.npy` array of it, or a `.ref.json` file that holds Jacobians at
 * several inputs, of which one must be this input.
 *
 * @param input the point
 * @param wrt the parameter's name, or undefined for the model's input
 */
export async function readReference(
  path: string,
  input: ArrayLike<number>,
  wrt: string | undefined,
): Promise<ReferenceData> {
  if (path.endsWith('.npy')) return decodeNpy(await readBytes(path)).data;
  const { arrays } = await readArrayFile(path);
  const key = wrt === undefined ? 'jac_x' : `jac_param:${wrt}`;
  const points = arrays.get('x');
  const jacobians = arrays.get(key);
  if (!points || !jacobians)
    throw new UsageError(
      `reference ${path}: has no ${points ? key : 'x'}; it has ${[...arrays.keys()].join(' ')}`,
    );
  const samples = jacobians.shape[0] as number;
  for (let s = 0; s < samples; s++) {
    const point = points.data.subarray(s * input.length, (s + 1) * input.length);
    if (point.every((v, i) => v === input[i])) {
      const length = jacobians.data.length / samples;
      return jacobians.data.subarray(s * length, (s + 1) * length);
    }
  }
  throw new UsageError(`reference ${path}: has no ${key} at this input`);
}

/** Distance of an array from its reference, relative to the reference. */
export interface RelativeError {
  /** ‖got - want‖ / ‖want‖ */
  readonly norm: number;
  /** max |got - want| / max |want| */
  readonly largest: number;
}

/** How far `got` is from `want`, computed in float64. */
export function relativeError(got: ArrayLike<number>, want: ReferenceData): RelativeError {
  if (got.length !== want.length)
    throw new UsageError(`the reference has ${want.length} entries, the Jacobian ${got.length}`);
  const sum = { error: 0, want: 0 };
  const most = { error: 0, want: 0 };
  for (let i = 0; i < want.length; i++) {
    const w = want[i] as number;
    const error = (got[i] as number) - w;
    sum.error += error * error;
    sum.want += w * w;
    most.error = Math.max(most.error, Math.abs(error));
    most.want = Math.max(most.want, Math.abs(w));
  }
  return { norm: Math.sqrt(sum.error / sum.want), largest: most.error / most.want };
}
