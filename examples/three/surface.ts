import {
  batchJacobian,
  concat,
  cross,
  normalize,
  pad,
  stack,
  unstack,
  type Tensor,
} from '../../src/index.ts'; // in your app: from 'cotangent'

/** A torus whose tube swells in waves: parameters `[n, 2]` and a time -> points `[n, 3]`. */
function points(parameters: Tensor, time: Tensor): Tensor {
  const [u, v] = unstack(parameters, -1) as [Tensor, Tensor];
  const wave = u.mul(5).add(v.mul(3)).sub(time.mul(2)).sin();
  const tube = wave.mul(0.09).add(0.42);
  const ring = tube.mul(v.cos()).add(1);
  return stack([ring.mul(u.cos()), ring.mul(u.sin()), tube.mul(v.sin())], -1);
}

/**
 * Points and unit normals as the renderer keeps them, four numbers for each vertex. The normal is the
 * cross product of the two columns of the Jacobian `[n, 3, 2]`: exact, without a formula of its own.
 */
export function surface(parameters: Tensor, time: Tensor): [positions: Tensor, normals: Tensor] {
  const position = points(parameters, time);
  const J = batchJacobian((p: Tensor) => points(p, time))(parameters);
  const [du, dv] = unstack(J, -1) as [Tensor, Tensor];
  const normal = normalize(cross(du, dv));
  const one = position.slice(null, [0, 1]).mul(0).add(1);
  return [concat([position, one], -1), pad(normal, [[0, 1]])];
}

/** Vertices of a closed grid of `rings` by `sides`, and the triangles between them. */
export function grid(rings: number, sides: number): { parameters: Float32Array; index: number[] } {
  const parameters = new Float32Array(rings * sides * 2);
  const index: number[] = [];
  for (let i = 0; i < rings; i++)
    for (let j = 0; j < sides; j++) {
      const at = (a: number, b: number): number => (a % rings) * sides + (b % sides);
      parameters.set([(i / rings) * 2 * Math.PI, (j / sides) * 2 * Math.PI], at(i, j) * 2);
      const [a, b, c, d] = [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
      index.push(a, b, c, a, c, d);
    }
  return { parameters, index };
}
