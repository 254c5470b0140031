import { floats, given, test, type OpCase } from '../case.ts';
import type { Attributes, Operand } from '../build.ts';

const [batch, heads, L, S, E, F] = [1, 4, 2, 3, 2, 3];

const four = (h = heads): Operand[] => [
  floats([batch, heads, L, E]),
  floats([batch, h, S, E]),
  floats([batch, h, S, F]),
];
const three = (h = heads): Operand[] => [
  floats([batch, L, heads * E]),
  floats([batch, S, h * E]),
  floats([batch, S, h * F]),
];
const mask = () =>
  given(
    [
      [1, 1, 0],
      [0, 1, 1],
    ],
    'bool',
  );

const one = (
  title: string,
  inputs: (Operand | null)[],
  attributes: Attributes = {},
  outputs = 1,
): OpCase => test('Attention', inputs, { opset: 23, title, attributes, outputs });

const past = () => [floats([batch, heads, 2, E]), floats([batch, heads, 2, F])];

const rotary = (title: string, inputs: Operand[], attributes: Attributes = {}): OpCase =>
  test('RotaryEmbedding', inputs, { opset: 23, title, attributes });

export const attention: OpCase[] = [
  one('', four()),
  one('three axes', three(), { q_num_heads: heads, kv_num_heads: heads }),
  one('fewer key heads', four(2)),
  one('fewer key heads, three axes', three(2), { q_num_heads: heads, kv_num_heads: 2 }),
  one('causal', four(), { is_causal: 1 }),
  one('scale', four(), { scale: { float: 0.3 } }),
  one('mask of bools', [...four(), mask()]),
  one('mask that is added', [...four(), floats([batch, 1, L, S])]),
  one('softcap', four(), { softcap: { float: 0.8 } }),
  one('softcap and mask', [...four(), floats([L, S])], { softcap: { float: 0.8 } }),
  one('earlier keys', [...four(), null, ...past()], { is_causal: 1 }, 3),
  ...[0, 1, 2, 3].map((qk_matmul_output_mode) =>
    one(
      `scores ${qk_matmul_output_mode}`,
      [...four(), floats([L, S])],
      { qk_matmul_output_mode, softcap: { float: 1.5 } },
      4,
    ),
  ),
  rotary('', [floats([1, 2, 3, 6]), floats([1, 3, 3]), floats([1, 3, 3])]),
  rotary('interleaved', [floats([1, 2, 3, 6]), floats([1, 3, 3]), floats([1, 3, 3])], {
    interleaved: 1,
  }),
  rotary('part of the size', [floats([1, 2, 3, 6]), floats([1, 3, 2]), floats([1, 3, 2])], {
    rotary_embedding_dim: 4,
  }),
  rotary(
    'positions, three axes',
    [
      floats([2, 4, 18]),
      floats([7, 3]),
      floats([7, 3]),
      given(
        [
          [0, 3, 6, 1],
          [2, 2, 5, 4],
        ],
        'int64',
      ),
    ],
    { num_heads: 3 },
  ),
];
