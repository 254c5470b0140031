import * as ct from '../../../src/index.ts';
import { array, type Tensor } from '../../../src/index.ts';
import type { Scenario } from '../scenario.ts';
import { made, refuses, values } from './values.ts';

const turn = (angle: number): [number, number] => [Math.cos(angle), Math.sin(angle)];
const [c, s] = turn(0.75);
const [ch, sh] = turn(0.375);
const zTurn = [
  [c, -s, 0],
  [s, c, 0],
  [0, 0, 1],
];

export const geometry: Scenario[] = [
  values(
    'cross',
    (a: Tensor, b: Tensor) => ({
      rows: a.cross(b),
      columns: a.t().cross(b.t(), 0),
      broadcast: a.cross([0, 0, 1]),
    }),
    [
      array([
        [1, 0, 0],
        [1, 2, 3],
      ]),
      array([
        [0, 1, 0],
        [-1, 0.5, 2],
      ]),
    ],
    {
      rows: [
        [0, 0, 1],
        [2.5, -5, 2.5],
      ],
      columns: [
        [0, 2.5],
        [0, -5],
        [1, 2.5],
      ],
      broadcast: [
        [0, -1, 0],
        [2, -1, 0],
      ],
    },
  ),
  values(
    'normalize and cosineSimilarity',
    (a: Tensor) => ({
      unit: a.normalize(),
      columns: a.normalize(0),
      cosine: a.cosineSimilarity([
        [4, 3],
        [1, 0],
      ]),
      zero: a.mul(0).normalize(),
      zeroCosine: a.mul(0).cosineSimilarity(a),
    }),
    [
      array([
        [3, 4],
        [0, -2],
      ]),
    ],
    {
      unit: [
        [0.6, 0.8],
        [0, -1],
      ],
      columns: [
        [1, 4 / Math.sqrt(20)],
        [0, -2 / Math.sqrt(20)],
      ],
      cosine: [0.96, 0],
      zero: [
        [0, 0],
        [0, 0],
      ],
      zeroCosine: [0, 0],
    },
  ),
  values(
    'quaternions',
    () => ({
      product: ct.quaternionMultiply([1, 2, 3, 4], [5, 6, 7, 8]),
      conjugate: ct.quaternionConjugate([1, 2, 3, 4]),
      rotate: ct.quaternionRotate(ct.stack([ch, 0, 0, sh]).mul(3), [
        [1, 0, 0],
        [0, 1, 2],
      ]),
      matrix: ct.quaternionToMatrix(ct.stack([ch, 0, 0, sh]).mul(2)),
      vector: ct.quaternionFromVector([0, 0, 0.75]),
      still: ct.quaternionFromVector([0, 0, 0]),
    }),
    [],
    {
      product: [-60, 12, 30, 24],
      conjugate: [1, -2, -3, -4],
      rotate: [
        [c, s, 0],
        [-s, c, 2],
      ],
      matrix: zTurn,
      vector: [ch, 0, 0, sh],
      still: [1, 0, 0, 0],
    },
  ),
  values(
    'rotations from vectors, also near and at no rotation',
    (v: Tensor) => ({
      matrix: ct.rotationFromVector([0, 0, 0.75]),
      still: ct.rotationFromVector([0, 0, 0]),
      batch: v
        .rotationFromVector()
        .sub(v.quaternionFromVector().quaternionToMatrix())
        .abs()
        .less(1e-5),
      plane: ct.rotation2d(0.75),
      planes: ct.rotation2d([0, 0.75]).slice(1),
    }),
    [
      array([
        [1, 2, 3],
        [0.25, 0, 0.125],
        [0, -0.5, 0],
      ]),
    ],
    {
      matrix: zTurn,
      still: made([3, 3], (i, j) => Number(i === j)),
      batch: made([3, 3, 3], () => 1),
      plane: [
        [c, -s],
        [s, c],
      ],
      planes: [
        [c, -s],
        [s, c],
      ],
    },
  ),
  refuses(
    'cross of plane vectors',
    'ShapeError',
    (a: Tensor) => a.cross(a),
    [array([1, 2])],
    'cross',
    '3',
    '[2]',
  ),
  refuses(
    'a quaternion of three components',
    'ShapeError',
    (a: Tensor) => a.quaternionToMatrix(),
    [array([1, 2, 3])],
    'quaternionToMatrix',
    '4',
    '[3]',
  ),
];
