import { distinct, floats, given, inFile, integers, test, type OpCase } from '../case.ts';

const shape = [2, 5];
const positive = () => floats(shape, 0.2, 3);
const unit = () => floats(shape, -0.9, 0.9);
const any = () => floats(shape);

const simple = (ops: readonly string[], input: () => ReturnType<typeof floats>, opset?: number) =>
  ops.map((op) => test(op, [input()], opset ? { opset } : {}));

const pair = (ops: readonly string[], a = any, b = any): OpCase[] =>
  ops.flatMap((op) => [
    test(op, [a(), b()]),
    test(op, [a(), inFile(floats([5], 0.5, 2))], { title: 'broadcast' }),
  ]);

const special = given([NaN, 0, Infinity, -Infinity, 1.5]);

export const elementwise: OpCase[] = [
  ...simple(['Neg', 'Abs', 'Reciprocal', 'Exp', 'Erf', 'Sin', 'Cos', 'Sinh', 'Cosh'], any),
  ...simple(['Tanh', 'Asinh', 'Atan', 'Sign', 'Floor', 'Ceil', 'Round'], any),
  ...simple(['Log', 'Sqrt'], positive),
  ...simple(['Tan', 'Asin', 'Acos', 'Atanh'], unit),
  test('Acosh', [floats(shape, 1.2, 3)]),
  test('Round', [given([0.5, 1.5, 2.5, -0.5, -1.5, 2.4])], { title: 'halves' }),
  ...pair(['Add', 'Sub', 'Mul', 'Div']),
  test('Div', [integers([7, -7, 7, -7, 0]), integers([2, 2, -2, -2, 5])], { title: 'integers' }),
  test('Add', [given([1, 2], 'int32'), given([3, 4], 'int32')], { title: 'integers' }),
  test('Mod', [integers([7, -7, 7, -7]), integers([3, 3, -3, -3])], { title: 'integers' }),
  test('Mod', [integers([7, -7, 7, -7]), integers([3, 3, -3, -3])], {
    title: 'integers, fmod',
    attributes: { fmod: 1 },
  }),
  test('Mod', [floats([6], -5, 5), given([1.5, 1.5, 1.5, -1.5, -1.5, -1.5])], {
    title: 'floats',
    attributes: { fmod: 1 },
  }),
  test('Pow', [positive(), any()]),
  test('Pow', [any(), inFile(given(2))], { title: 'a stored exponent' }),
  test('Pow', [any(), inFile(given([3]))], { title: 'negative bases' }),
  test('Pow', [positive(), inFile(given(-0.5))], { title: 'a root' }),
  test('Pow', [integers([2, -3]), integers([3, 2])], { title: 'integers' }),
  ...['Max', 'Min', 'Sum', 'Mean'].flatMap((op) => [
    test(op, [distinct([3, 1]), distinct([4]), floats([1, 1])]),
    test(op, [any()], { title: 'one input' }),
  ]),
  test('IsNaN', [special]),
  test('IsInf', [special]),
  test('IsInf', [special], { title: 'up only', attributes: { detect_negative: 0 } }),
  test('IsInf', [special], { title: 'down only', attributes: { detect_positive: 0 } }),

  ...simple(['Relu', 'Sigmoid', 'Softplus', 'Softsign', 'LeakyRelu', 'Elu', 'Celu', 'Selu'], any),
  ...simple(['HardSigmoid', 'HardSwish', 'ThresholdedRelu', 'Shrink'], any),
  ...simple(['Mish'], any, 18),
  ...simple(['Gelu'], any, 20),
  test('Gelu', [any()], { opset: 20, title: 'tanh', attributes: { approximate: 'tanh' } }),
  test('Swish', [any()], { opset: 24, attributes: { alpha: { float: 1.5 } } }),
  test('LeakyRelu', [any()], { title: 'alpha', attributes: { alpha: { float: 0.3 } } }),
  test('Elu', [any()], { title: 'alpha', attributes: { alpha: { float: 0.7 } } }),
  test('Celu', [any()], { title: 'alpha', attributes: { alpha: { float: 1.7 } } }),
  test('Selu', [any()], {
    title: 'alpha and gamma',
    attributes: { alpha: { float: 1.5 }, gamma: { float: 2 } },
  }),
  test('HardSigmoid', [any()], {
    title: 'alpha and beta',
    attributes: { alpha: { float: 0.4 }, beta: { float: 0.3 } },
  }),
  test('ThresholdedRelu', [any()], { title: 'alpha', attributes: { alpha: { float: 0.5 } } }),
  test('Shrink', [any()], {
    title: 'lambd and bias',
    attributes: { lambd: { float: 0.8 }, bias: { float: 0.2 } },
  }),
  test('PRelu', [floats([2, 3, 4]), floats([3, 1], 0.1, 0.9)]),
  test('Clip', [any(), inFile(given(-0.7)), inFile(given(1.1))]),
  test('Clip', [any(), null, inFile(given(0.3))], { title: 'high only' }),
  test('Clip', [any()], {
    opset: 7,
    title: 'by attributes',
    attributes: { min: { float: -0.5 }, max: { float: 0.5 } },
  }),
  ...['Softmax', 'LogSoftmax'].flatMap((op) => [
    test(op, [floats([2, 3, 4])]),
    test(op, [floats([2, 3, 4])], { title: 'axis 1', attributes: { axis: 1 } }),
    test(op, [floats([2, 3, 4])], { opset: 11, title: 'axes from 1 on as one' }),
    test(op, [floats([2, 3, 4])], { opset: 11, title: 'axis 0', attributes: { axis: 0 } }),
  ]),
  test('Hardmax', [distinct([2, 3, 4])], { attributes: { axis: 1 } }),

  ...pair(['Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual', 'Equal']),
  test('Equal', [integers([1, 2, 3]), integers([3, 2, 1])], { title: 'integers' }),
  ...['And', 'Or', 'Xor', 'Equal'].map((op) =>
    test(op, [given([0, 0, 1, 1], 'bool'), given([0, 1, 0, 1], 'bool')], { title: 'bools' }),
  ),
  test('Not', [given([0, 1], 'bool')]),
  test('Where', [given([[1, 0]], 'bool'), floats([3, 1]), floats([2])]),
];
