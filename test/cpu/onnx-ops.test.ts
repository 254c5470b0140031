import { describe, expect, test } from 'vitest';
import { ops } from '../../src/formats/onnx/ops/index.ts';
import type { OpCase } from '../support/onnx/case.ts';
import { cases } from '../support/onnx/cases/index.ts';
import { checkDerivative, checkValue } from '../support/onnx/run-case.ts';

const titled = cases.map((c): [string, OpCase] => [
  `${c.op}${c.title && ` ${c.title}`}, opset ${c.opset}`,
  c,
]);

describe('the value of each op is that of ONNX Runtime', () => {
  test.each(titled)('%s', (_, c) => checkValue(c));
});

describe('the derivative of each op is that of differences', { timeout: 60_000 }, () => {
  test.each(titled.filter(([, c]) => ops.get(c.op)?.derivative !== false))('%s', (_, c) =>
    checkDerivative(c),
  );
});

test('every op is among them, or in a test of graphs', () => {
  const inGraphs = ['If', 'Loop', 'Scan'];
  const sequences = [...ops.keys()].filter(
    (op) => /Sequence|Optional/.test(op) && op !== 'ReverseSequence',
  );
  const tested = new Set([...cases.map((c) => c.op), ...inGraphs, ...sequences]);
  expect([...ops.keys()].filter((op) => !tested.has(op))).toEqual([]);
});
