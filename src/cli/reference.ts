import { decodeNpy } from '../formats/npy.ts';
import { readArrayFile } from './arrays.ts';
import { readBytes } from './files.ts';
import type { Problem } from './problem.ts';
import { UsageError } from './usage.ts';

/** What the Jacobian is compared with, in float64 or float32, row-major. */
export type ReferenceData = ArrayLike<number>;

/**
 * Reads a reference Jacobian: a `.npy` array of it, or a `.ref.json` file that holds Jacobians at
 * several inputs, of which one must be this input; per sample one for each.
 *
 * @throws UsageError when the file does not have it
 */
export async function readReference(path: string, problem: Problem): Promise<ReferenceData> {
  if (path.endsWith('.npy')) return decodeNpy(await readBytes(path)).data;
  const { arrays } = await readArrayFile(path);
  const { name, parameter, shape } = problem;
  const key = parameter === undefined ? `jac_${name}` : `jac_param:${parameter}`;
  const jacobians = arrays.get(key);
  const points = parameter === undefined ? arrays.get(name) : undefined;
  if (!jacobians || (parameter === undefined && !points))
    throw new UsageError(
      `reference ${path}: has no ${jacobians ? name : key}; it has ${[...arrays.keys()].join(' ')}`,
    );
  const each = jacobians.data.length / (jacobians.shape[0] as number);
  const one = (sample: number) => jacobians.data.subarray(sample * each, (sample + 1) * each);
  // references by parameters are at the first inputs
  if (!points) return one(0);
  const size = shape.reduce((n, d) => n * d, 1);
  const parts = Array.from({ length: problem.at.data.length / size }, (_, i) => {
    const input = problem.at.data.subarray(i * size, (i + 1) * size);
    for (let s = 0; s < (points.shape[0] as number); s++)
      if (points.data.subarray(s * size, (s + 1) * size).every((v, k) => v === input[k]))
        return one(s);
    throw new UsageError(`reference ${path}: has no ${key} at this input`);
  });
  if (parts.length === 1) return parts[0] as Float64Array;
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
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
