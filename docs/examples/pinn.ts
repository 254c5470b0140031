import {
  compile,
  divergence,
  grad,
  gradient,
  laplacian,
  stack,
  vmap,
  type Tensor,
} from '../../src/index.ts';

/** A small network with sines (SIREN): a point `[2]` to a number. */
export interface Network {
  readonly W1: Tensor; // [hidden, 2]
  readonly b1: Tensor; // [hidden]
  readonly w2: Tensor; // [hidden]
}

const u = ({ W1, b1, w2 }: Network, point: Tensor): Tensor =>
  W1.matmul(point).add(b1).sin().dot(w2);

/**
 * What a physics-informed network is trained on, at each of many points `[N, 2]`: the value u, ∇u, Δu, and
 * the divergence of the flow (∂u/∂y, -∂u/∂x) that has u as its stream function (it is 0).
 */
export const derivatives = compile((net: Network, points: Tensor) =>
  vmap((point: Tensor) => {
    const value = u(net, point);
    const flow = (p: Tensor) => {
      const g = grad((q: Tensor) => u(net, q))(p);
      return stack([g.slice(1), g.slice(0).neg()]);
    };
    return {
      value,
      gradient: gradient(value, point),
      laplacian: laplacian(value, point), // the diagonal of the Hessian only
      divergence: divergence(flow)(point),
    };
  })(points),
);
