import { format } from 'prettier';
import { expect, test } from 'vitest';
import type { Op } from '../../src/formats/onnx/op.ts';
import { ops } from '../../src/formats/onnx/ops/index.ts';
import { reasons } from '../../src/formats/onnx/ops/reasons.ts';
import { NEWEST_OPSET, OLDEST_OPSET } from '../../src/formats/onnx/parse.ts';

const opsets = ({ since = OLDEST_OPSET, until }: Op): string =>
  until === undefined ? `${since}` : `${since} to ${until}`;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function table(): string {
  const supported = [...ops].map(([name, op]): [string, string] => [
    name,
    row([name, opsets(op), op.derivative === false ? '0' : 'yes', op.limits ?? '']),
  ]);
  const others = Object.entries(reasons).map(([name, why]): [string, string] => [
    name,
    row([name, 'not supported', '', why]),
  ]);
  const rows = [...supported, ...others].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    '# ONNX ops',
    '',
    'Made from the handlers by `npx vitest --project cpu test/cpu/onnx-docs.test.ts -u`.',
    '',
    `Every op of the default domain up to opset ${NEWEST_OPSET}. ${ops.size} are supported; *from opset* says from which version of the`,
    `domain on, the oldest being ${OLDEST_OPSET}. The derivative is 0 where the result is an integer, a truth value or`,
    'piecewise constant.',
    '',
    row(['op', 'from opset', 'derivative', 'limits']),
    row(['---', '---', '---', '---']),
    ...rows.map(([, text]) => text),
    '',
  ].join('\n');
}

test('docs/onnx-ops.md is current', async () => {
  const page = await format(table(), { parser: 'markdown', printWidth: 100 });
  await expect(page).toMatchFileSnapshot('../../docs/onnx-ops.md');
});

test('no op is both supported and not', () => {
  expect(Object.keys(reasons).filter((name) => ops.has(name))).toEqual([]);
});
