import { add, einsum, matmul, mul, t, type Tensor } from '../../../trace/index.ts';
import { binary, op } from '../op.ts';

export const MatMul = binary(matmul);

export const Gemm = op((n) => {
  const turned = (x: Tensor, flag: string): Tensor => (n.flag(flag) ? t(x) : x);
  const scaled = (x: Tensor, name: string): Tensor => {
    const factor = n.float(name, 1);
    return factor === 1 ? x : mul(factor, x);
  };
  const product = matmul(turned(n.input(0), 'transA'), turned(n.input(1), 'transB'));
  const y = scaled(product, 'alpha');
  const c = n.optional(2);
  return c ? add(y, scaled(c, 'beta')) : y;
});

export const Einsum = op(
  (n) => {
    const equation = n.string('equation') ?? n.fail('has no equation');
    if (n.arity > 16) n.fail(`has ${n.arity} operands, 16 are the most`);
    return einsum(equation.replaceAll(' ', ''), ...n.all());
  },
  { since: 12 },
);
