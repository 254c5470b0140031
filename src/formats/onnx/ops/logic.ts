import {
  cast,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  where,
} from '../../../trace/index.ts';
import { binary, op, unary } from '../op.ts';

const piecewise = { derivative: false } as const;
const since12 = { derivative: false, since: 12 } as const;

export const Equal = binary(equal, piecewise);
export const Less = binary(less, piecewise);
export const Greater = binary(greater, piecewise);
export const LessOrEqual = binary(lessEqual, since12);
export const GreaterOrEqual = binary(greaterEqual, since12);

export const And = binary(logicalAnd, piecewise);
export const Or = binary(logicalOr, piecewise);
export const Xor = binary((a, b) => notEqual(cast(a, 'i32'), cast(b, 'i32')), piecewise);
export const Not = unary(logicalNot, piecewise);

export const Where = op((n) => where(n.input(0), n.input(1), n.input(2)), { since: 9 });
