import { expect } from 'vitest';
import {
  array,
  concat,
  DTypeError,
  grad,
  jacobian,
  ShapeError,
  stack,
  TraceError,
  vmap,
  where,
  type Tensor,
} from '../../../src/index.ts';
import type { Traced } from '../backend.ts';
import { points } from '../differences.ts';
import { refused, type Refusal } from '../refusal.ts';
import { scenario, type Scenario } from '../scenario.ts';

// What is refused, and how it is said.

interface Case extends Refusal {
  readonly title: string;
  readonly f: Traced;
  readonly args: readonly unknown[];
}

const x34 = points([3, 4], 61);
const x52 = points([5, 2], 62);
const ids = array(Int32Array.from([1, 2, 3]));

const refusals: readonly Case[] = [
  {
    title: 'matmul of inner sizes that differ',
    f: (a: Tensor, c: Tensor) => a.matmul(c),
    args: [x34, x52],
    error: ShapeError,
    says: ['matmul', '[3,4]', '[5,2]'],
  },
  {
    title: 'add of shapes that do not broadcast',
    f: (a: Tensor, c: Tensor) => a.add(c),
    args: [x34, x52],
    error: ShapeError,
    says: ['add', '[3,4]', '[5,2]'],
  },
  {
    title: 'where of shapes that do not broadcast',
    f: (a: Tensor, c: Tensor) => where(a.greater(0), a, c),
    args: [x34, x52],
    error: ShapeError,
    says: ['where', '[3,4]', '[5,2]'],
  },
  {
    title: 'reshape to another number of elements',
    f: (a: Tensor) => a.reshape([5, 2]),
    args: [x34],
    error: ShapeError,
    says: ['reshape', '[3,4]', '[5,2]'],
  },
  {
    title: 'sum over an axis that is not there',
    f: (a: Tensor) => a.sum(2),
    args: [x34],
    error: ShapeError,
    says: ['sum', '2', '[3,4]'],
  },
  {
    title: 'a pick out of range',
    f: (a: Tensor) => a.slice(3),
    args: [x34],
    error: ShapeError,
    says: ['slice', '3', '[3,4]'],
  },
  {
    title: 'concat of shapes that differ off the axis',
    f: (a: Tensor, c: Tensor) => concat([a, c]),
    args: [x34, x52],
    error: ShapeError,
    says: ['concat', '[3,4]', '[5,2]'],
  },
  {
    title: 'stack of shapes that differ',
    f: (a: Tensor, c: Tensor) => stack([a, c]),
    args: [x34, x52],
    error: ShapeError,
    says: ['stack', '[3,4]', '[5,2]'],
  },
  {
    title: 'a permutation that is none',
    f: (a: Tensor) => a.transpose([0, 0]),
    args: [x34],
    error: ShapeError,
    says: ['transpose', '[0,0]'],
  },
  {
    title: 'the derivative by integers',
    f: jacobian((i: Tensor) => i.mul(2)) as Traced,
    args: [ids],
    error: DTypeError,
    says: ['jacobian', 'i32'],
  },
  {
    title: 'grad by integers',
    f: grad((i: Tensor) => i.cast('f32').sum()) as Traced,
    args: [ids],
    error: DTypeError,
    says: ['grad', 'i32'],
  },
  {
    title: 'grad of a vector',
    f: grad((a: Tensor) => a.mul(2)) as Traced,
    args: [x34],
    error: ShapeError,
    says: ['grad', '[3,4]', 'jacobian'],
  },
  {
    title: 'JavaScript arithmetic on a tensor',
    f: (a: never) => (a as number) + 1,
    args: [x34],
    error: TraceError,
    says: ['[3,4]', 'add'],
  },
  {
    title: 'a comparison as a JavaScript condition',
    f: (a: never) => ((a as number) > 0 ? a : 0),
    args: [x34],
    error: TraceError,
    says: ['[3,4]', 'where'],
  },
  {
    title: 'iterating over a tensor',
    f: (a: never) => [...(a as Tensor[])],
    args: [x34],
    error: TraceError,
    says: ['unstack'],
  },
  {
    title: 'a bare nested array as argument',
    f: (a: Tensor) => a,
    args: [[[1, 2, 3]]],
    error: TraceError,
    says: ['array('],
  },
  {
    title: 'a string as argument',
    f: (a: Tensor) => a,
    args: ['x'],
    error: TraceError,
    says: ['string'],
  },
  {
    title: 'a function that returns nothing',
    f: () => undefined,
    args: [x34],
    error: TraceError,
    says: ['undefined'],
  },
  {
    title: 'vmap over axes of different lengths',
    f: vmap((a: Tensor, c: Tensor) => a.sum().add(c.sum())) as Traced,
    args: [x34, x52],
    error: ShapeError,
    says: ['vmap', '3', '5'],
  },
  {
    title: 'vmap over a scalar',
    f: vmap((a: Tensor) => a) as Traced,
    args: [array(1)],
    error: ShapeError,
    says: ['vmap', 'rank 0'],
  },
];

export const badInput: Scenario[] = [
  ...refusals.map(({ title, f, args, error, says }) =>
    refused(`${title}: ${error.name} that says ${says.join(', ')}`, f, args, { error, says }),
  ),

  scenario('array: data that do not fill the shape, ragged rows', async () => {
    expect(() => array([1, 2, 3], [2, 2])).toThrow(ShapeError);
    expect(() => array([1, 2, 3], [2, 2])).toThrow(/array.*\[2,2\].*3/);
    expect(() => array([[1, 2], [3]])).toThrow(ShapeError);
    await Promise.resolve();
  }),
];
