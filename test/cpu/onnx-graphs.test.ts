import { describe, expect, test } from 'vitest';
import {
  array,
  batchJacobian,
  evaluate,
  jacobian,
  vmap,
  type HostArray,
  type Tensor,
} from '../../src/index.ts';
import { loadOnnx, type OnnxModel } from '../../src/onnx.ts';
import { buildModel, type Operand, type TestModel } from '../support/onnx/build.ts';
import { floats, given, inFile, integers, stored } from '../support/onnx/case.ts';
import { hostArray } from '../support/onnx/run-case.ts';
import { runInRuntime } from '../support/onnx/runtime.ts';

// graphs of several nodes: shape arithmetic, control flow, sequences, functions

interface Result {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Model = OnnxModel<Tensor>;

const load = (model: TestModel): Promise<Model> => loadOnnx(buildModel(model));

/** The only output of a model, in float64. */
const run = (model: Model, x: HostArray | Record<string, HostArray>): Result =>
  evaluate((v: Tensor) => model.call(v), x);

/** That the only output `y` is as ONNX Runtime has it. */
async function agrees(model: TestModel, inputs: Record<string, Operand>): Promise<Result> {
  const bytes = buildModel(model);
  const mine = run(
    await loadOnnx(bytes),
    Object.fromEntries(Object.entries(inputs).map(([name, o]) => [name, hostArray(o)])),
  );
  const { y } = (await runInRuntime(bytes, inputs)) as { y: Result };
  expect(mine.shape).toEqual(y.shape);
  y.data.forEach((v, i) => expect(mine.data[i]).toBeCloseTo(v, 5));
  return mine;
}

describe('shape arithmetic on symbolic axes', () => {
  // x.view(x.shape[0], -1) and more, as exporters write it
  const model: TestModel = {
    opset: 13,
    inputs: { x: { type: 'float', shape: ['batch', 'length', 2] } },
    outputs: { y: {} },
    stored: {
      zero: stored([0]),
      one: stored(1),
      two: stored([2]),
      rest: stored([-1]),
      none: stored([]),
    },
    nodes: [
      { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
      { op: 'Slice', inputs: ['shape', 'zero', 'one1'], outputs: ['batch'] },
      { op: 'Gather', inputs: ['shape', 'one'], outputs: ['length'] },
      { op: 'Unsqueeze', inputs: ['one', 'zero'], outputs: ['one1'] },
      { op: 'Unsqueeze', inputs: ['length', 'zero'], outputs: ['length1'] },
      { op: 'Mul', inputs: ['length1', 'two'], outputs: ['twice'] },
      { op: 'Concat', inputs: ['batch', 'twice'], outputs: ['target'], attributes: { axis: 0 } },
      { op: 'Reshape', inputs: ['x', 'target'], outputs: ['flat'] },
      { op: 'ConstantOfShape', inputs: ['twice'], outputs: ['zeros'] },
      { op: 'Cast', inputs: ['length'], outputs: ['count'], attributes: { to: 1 } },
      { op: 'Squeeze', inputs: ['twice'], outputs: ['limit'] },
      { op: 'Constant', inputs: [], outputs: ['from'], attributes: { value_int: 0 } },
      { op: 'Range', inputs: ['from', 'limit', 'one'], outputs: ['counter'] },
      { op: 'Cast', inputs: ['counter'], outputs: ['steps'], attributes: { to: 1 } },
      { op: 'Expand', inputs: ['steps', 'target'], outputs: ['wide'] },
      { op: 'Add', inputs: ['flat', 'wide'], outputs: ['sum'] },
      { op: 'Add', inputs: ['sum', 'zeros'], outputs: ['same'] },
      { op: 'Div', inputs: ['same', 'count'], outputs: ['y'] },
    ],
  };

  test.each([
    [2, 3],
    [1, 1],
    [5, 4],
  ])('a batch of %i, a length of %i', async (batch, length) => {
    const y = await agrees(model, { x: floats([batch, length, 2]) });
    expect(y.shape).toEqual([batch, 2 * length]);
  });

  test('under vmap and jacobian each sees the shape of a sample', async () => {
    const f = await load(model);
    const x = hostArray(floats([3, 1, 4, 2]));
    const J = evaluate(vmap(jacobian((v: Tensor) => f.call(v))) as never, x) as unknown as Result;
    expect(J.shape).toEqual([3, 1, 8, 1, 4, 2]);
    const diagonal = J.data.filter((v) => v !== 0);
    expect(diagonal).toEqual(new Float64Array(3 * 8).fill(0.25));
  });

  test('nodes may stand in any order', async () => {
    const shuffled = { ...model, nodes: [...model.nodes].reverse() };
    const x = hostArray(floats([2, 3, 2]));
    expect(run(await load(shuffled), x)).toEqual(run(await load(model), x));
  });
});

describe('control flow', () => {
  const branch = (op: string) => ({
    graph: {
      outputs: { z: {} },
      nodes: [{ op, inputs: ['x'], outputs: ['z'] }],
    },
  });

  /** exp x for at least 3 rows, else -x */
  const conditional: TestModel = {
    opset: 13,
    inputs: { x: { type: 'float', shape: ['n'] } },
    outputs: { y: { type: 'float' } },
    stored: { least: stored(3), first: stored(0) },
    nodes: [
      { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
      { op: 'Gather', inputs: ['shape', 'first'], outputs: ['n'] },
      { op: 'Less', inputs: ['n', 'least'], outputs: ['few'] },
      {
        op: 'If',
        inputs: ['few'],
        outputs: ['y'],
        attributes: { then_branch: branch('Neg'), else_branch: branch('Exp') },
      },
    ],
  };

  test.each([2, 3])('If: a condition on a shape, %i rows', async (rows) => {
    await agrees(conditional, { x: floats([rows]) });
  });

  test('If: a condition on values is refused, naming the node', async () => {
    const model = await load({
      ...conditional,
      inputs: { x: { type: 'float', shape: [1] } },
      stored: { half: inFile(given([0.5])) },
      nodes: [
        { op: 'Less', inputs: ['x', 'half'], outputs: ['few'] },
        { ...(conditional.nodes[3] as (typeof conditional.nodes)[3]), name: 'choose' },
      ],
    });
    expect(() => run(model, array([1]))).toThrow(
      /node "choose" \(If\): input 0 depends on the values/,
    );
  });

  /** x ← x² + a, three times, each x collected */
  const loop = (condition: boolean): TestModel => ({
    opset: 13,
    inputs: { x: { type: 'float', shape: [2] }, a: { type: 'float', shape: [2] } },
    outputs: { last: { type: 'float' }, y: { type: 'float' } },
    stored: { trips: stored(condition ? 100 : 3), more: stored(1, 'bool'), most: stored(2) },
    nodes: [
      {
        op: 'Loop',
        inputs: ['trips', 'more', 'x'],
        outputs: ['last', 'y'],
        attributes: {
          body: {
            graph: {
              inputs: {
                i: { type: 'int64', shape: [] },
                before: { type: 'bool', shape: [] },
                v: { type: 'float', shape: [2] },
              },
              outputs: {
                goOn: { type: 'bool', shape: [] },
                next: { type: 'float', shape: [2] },
                seen: { type: 'float', shape: [2] },
              },
              nodes: [
                condition
                  ? { op: 'Less', inputs: ['i', 'most'], outputs: ['goOn'] }
                  : { op: 'Identity', inputs: ['before'], outputs: ['goOn'] },
                { op: 'Mul', inputs: ['v', 'v'], outputs: ['squared'] },
                { op: 'Add', inputs: ['squared', 'a'], outputs: ['next'] },
                { op: 'Identity', inputs: ['next'], outputs: ['seen'] },
              ],
            },
          },
        },
      },
    ],
  });

  test.each([false, true])('Loop: three turns (ended by a condition: %s)', async (condition) => {
    const inputs = { x: given([0.1, 0.2]), a: given([0.3, -0.4]) };
    const bytes = buildModel(loop(condition));
    const model = await loadOnnx<{ last: Tensor; y: Tensor }>(bytes);
    const got = evaluate((v: Record<string, Tensor>) => model.call(v), {
      x: array([0.1, 0.2]),
      a: array([0.3, -0.4]),
    });
    const want = await runInRuntime(bytes, inputs);
    expect(got.y.shape).toEqual([3, 2]);
    for (const name of ['last', 'y'] as const)
      want[name]?.data.forEach((v, i) => expect(got[name].data[i]).toBeCloseTo(v, 5));
  });

  /** running sums of rows, and the total */
  const scan = (attributes: Record<string, number[]>): TestModel => ({
    opset: 13,
    inputs: { x: { type: 'float', shape: [3, 2] } },
    outputs: { y: { type: 'float' } },
    stored: { start: inFile(given(attributes['scan_input_axes'] ? [0, 0, 0] : [0, 0])) },
    nodes: [
      {
        op: 'Scan',
        inputs: ['start', 'x'],
        outputs: ['total', 'y'],
        attributes: {
          num_scan_inputs: 1,
          ...attributes,
          body: {
            graph: {
              inputs: { sum: { type: 'float' }, row: { type: 'float' } },
              outputs: { next: { type: 'float' }, seen: { type: 'float' } },
              nodes: [
                { op: 'Add', inputs: ['sum', 'row'], outputs: ['next'] },
                { op: 'Identity', inputs: ['next'], outputs: ['seen'] },
              ],
            },
          },
        },
      },
    ],
  });

  test.each<[string, Record<string, number[]>]>([
    ['', {}],
    ['backwards', { scan_input_directions: [1], scan_output_directions: [1] }],
    ['along other axes', { scan_input_axes: [1], scan_output_axes: [1] }],
  ])('Scan %s', async (_, attributes) => {
    await agrees(scan(attributes), { x: floats([3, 2]) });
  });

  test('a loop that would not end is refused', { timeout: 60_000 }, async () => {
    const endless = loop(false);
    const model = await load({
      ...endless,
      stored: { ...endless.stored, trips: stored(2 ** 40) },
    });
    expect(() =>
      evaluate((v: never) => model.call(v), { x: array([0, 0]), a: array([0, 0]) } as never),
    ).toThrow(/takes more than 50000 steps/);
  });
});

describe('sequences', () => {
  const base = {
    opset: 13,
    inputs: { x: { type: 'float', shape: [4, 3] } },
    outputs: { y: { type: 'float' } },
  } as const;

  test('split, taken apart and joined', async () => {
    await agrees(
      {
        ...base,
        stored: { at: stored(-2), two: stored([1, 3]), first: stored(0) },
        nodes: [
          { op: 'SplitToSequence', inputs: ['x', 'two'], outputs: ['s'] },
          { op: 'SequenceAt', inputs: ['s', 'at'], outputs: ['head'] },
          { op: 'SequenceInsert', inputs: ['s', 'head'], outputs: ['longer'] },
          { op: 'SequenceErase', inputs: ['longer', 'first'], outputs: ['other'] },
          { op: 'ConcatFromSequence', inputs: ['other'], outputs: ['y'], attributes: { axis: 0 } },
        ],
      },
      { x: floats([4, 3]) },
    );
  });

  test('built, counted and stacked', async () => {
    await agrees(
      {
        ...base,
        stored: { scale: inFile(given(0.5)) },
        nodes: [
          { op: 'Exp', inputs: ['x'], outputs: ['e'] },
          { op: 'SequenceConstruct', inputs: ['x', 'e'], outputs: ['s'] },
          { op: 'SequenceLength', inputs: ['s'], outputs: ['n'] },
          { op: 'Cast', inputs: ['n'], outputs: ['count'], attributes: { to: 1 } },
          {
            op: 'ConcatFromSequence',
            inputs: ['s'],
            outputs: ['all'],
            attributes: { axis: 1, new_axis: 1 },
          },
          { op: 'Mul', inputs: ['all', 'count'], outputs: ['y'] },
        ],
      },
      { x: floats([4, 3]) },
    );
  });

  test('each element through a graph', async () => {
    const model = await load({
      ...base,
      opset: 17,
      nodes: [
        { op: 'SplitToSequence', inputs: ['x'], outputs: ['s'], attributes: { keepdims: 0 } },
        {
          op: 'SequenceMap',
          inputs: ['s'],
          outputs: ['m'],
          attributes: {
            body: {
              graph: {
                inputs: { v: { type: 'float' } },
                outputs: { w: { type: 'float' } },
                nodes: [{ op: 'Neg', inputs: ['v'], outputs: ['w'] }],
              },
            },
          },
        },
        {
          op: 'ConcatFromSequence',
          inputs: ['m'],
          outputs: ['y'],
          attributes: { axis: 0, new_axis: 1 },
        },
      ],
    });
    const x = hostArray(floats([4, 3]));
    expect([...run(model, x).data]).toEqual([...x.data].map((v) => -v));
  });

  test('an optional value, and one that is not there', async () => {
    const model = await load({
      ...base,
      opset: 18,
      nodes: [
        { op: 'Optional', inputs: ['x'], outputs: ['o'] },
        { op: 'OptionalHasElement', inputs: ['o'], outputs: ['has'] },
        { op: 'OptionalHasElement', inputs: [''], outputs: ['hasNot'] },
        { op: 'OptionalGetElement', inputs: ['o'], outputs: ['v'] },
        { op: 'Where', inputs: ['has', 'v', 'zero'], outputs: ['kept'] },
        { op: 'Where', inputs: ['hasNot', 'zero', 'kept'], outputs: ['y'] },
      ],
      stored: { zero: inFile(given(0)) },
    });
    const x = hostArray(floats([4, 3]));
    expect([...run(model, x).data]).toEqual([...x.data]);
  });

  test('SequenceEmpty is filled by a loop, as exporters write it', async () => {
    const model = await load({
      ...base,
      stored: { trips: stored(4), yes: stored(1, 'bool') },
      nodes: [
        { op: 'SequenceEmpty', inputs: [], outputs: ['empty'] },
        {
          op: 'Loop',
          inputs: ['trips', 'yes', 'empty'],
          outputs: ['rows'],
          attributes: {
            body: {
              graph: {
                inputs: { i: { type: 'int64' }, c: { type: 'bool' }, list: {} },
                outputs: { c2: { type: 'bool' }, longer: {} },
                nodes: [
                  { op: 'Identity', inputs: ['c'], outputs: ['c2'] },
                  { op: 'Gather', inputs: ['x', 'i'], outputs: ['row'] },
                  { op: 'SequenceInsert', inputs: ['list', 'row'], outputs: ['longer'] },
                ],
              },
            },
          },
        },
        {
          op: 'ConcatFromSequence',
          inputs: ['rows'],
          outputs: ['y'],
          attributes: { axis: 0, new_axis: 1 },
        },
      ],
    });
    const x = hostArray(floats([4, 3]));
    expect([...run(model, x).data]).toEqual([...x.data]);
  });
});

describe('functions of the model', () => {
  const scaled: TestModel = {
    opset: 17,
    inputs: { x: { type: 'float', shape: [3] } },
    outputs: { y: { type: 'float' } },
    functions: [
      {
        name: 'Smooth',
        domain: 'test',
        inputs: ['v'],
        outputs: ['w'],
        attributes: ['steepness'],
        nodes: [
          {
            op: 'LeakyRelu',
            inputs: ['v'],
            outputs: ['a'],
            attributes: { alpha: { reference: 'steepness', type: 1 } },
          },
          { op: 'Twice', domain: 'test', inputs: ['a'], outputs: ['w'] },
        ],
      },
      {
        name: 'Twice',
        domain: 'test',
        inputs: ['v'],
        outputs: ['w'],
        nodes: [{ op: 'Add', inputs: ['v', 'v'], outputs: ['w'] }],
      },
    ],
    nodes: [
      {
        op: 'Smooth',
        domain: 'test',
        inputs: ['x'],
        outputs: ['y'],
        attributes: { steepness: { float: 0.25 } },
      },
    ],
  };

  test('are put in their place, with their attributes', async () => {
    const y = await agrees(scaled, { x: given([-2, 1, 3]) });
    expect([...y.data]).toEqual([-1, 2, 6]);
  });

  test('may not call themselves', async () => {
    const twice = {
      ...scaled.functions?.[1],
      nodes: [{ op: 'Twice', domain: 'test', inputs: ['v'], outputs: ['w'] }],
    } as NonNullable<TestModel['functions']>[number];
    const functions = [scaled.functions?.[0] as typeof twice, twice];
    await expect(load({ ...scaled, functions })).rejects.toThrow('the function Twice calls itself');
  });
});

test('a stored value that a node has to know may be among the parameters', async () => {
  const model = await load({
    opset: 17,
    inputs: { x: { type: 'float', shape: [1, 1, 2, 2] } },
    outputs: { y: {} },
    stored: { scales: inFile(given([1, 1, 2, 2])), w: inFile(given([3])) },
    nodes: [
      { op: 'Resize', inputs: ['x', '', 'scales'], outputs: ['big'] },
      { op: 'Mul', inputs: ['big', 'w'], outputs: ['y'] },
    ],
  });
  const J = evaluate(
    jacobian((p: Record<string, Tensor>, x: Tensor) => model.call(x, p)) as never,
    { ...model.params },
    array([1, 2, 3, 4], [1, 1, 2, 2]),
  ) as unknown as Record<string, Result>;
  expect(J['w']?.shape).toEqual([1, 1, 4, 4, 1]);
  expect([...(J['w']?.data ?? [])].slice(0, 4)).toEqual([1, 1, 2, 2]);
  expect(J['scales']?.data.every((v) => v === 0)).toBe(true);
});

test('integers in the file do not become parameters', async () => {
  const model = await load({
    opset: 17,
    inputs: { x: { type: 'float', shape: [2, 2] } },
    outputs: { y: {} },
    stored: { at: stored(1), w: inFile(floats([2])) },
    nodes: [
      { op: 'Gather', inputs: ['x', 'at'], outputs: ['row'] },
      { op: 'Mul', inputs: ['row', 'w'], outputs: ['y'] },
    ],
  });
  expect(Object.keys(model.params)).toEqual(['w']);
  expect(integers([1]).type).toBe('int64');
});

test('the largest and the least 64-bit integers, as attributes, are the ends of a slice', async () => {
  // 2^63 - 1 and -2^63, which no number is, become the nearest numbers
  const model = await load({
    opset: 21,
    inputs: { x: { type: 'float', shape: [5] } },
    outputs: { y: {} },
    nodes: [
      { op: 'Constant', inputs: [], outputs: ['two'], attributes: { value_ints: [2] } },
      { op: 'Constant', inputs: [], outputs: ['three'], attributes: { value_ints: [3] } },
      {
        op: 'Constant',
        inputs: [],
        outputs: ['end'],
        attributes: { value_ints: [2 ** 63 - 1024] },
      },
      { op: 'Constant', inputs: [], outputs: ['begin'], attributes: { value_ints: [-(2 ** 63)] } },
      { op: 'Slice', inputs: ['x', 'three', 'end'], outputs: ['last'] },
      { op: 'Slice', inputs: ['x', 'begin', 'two'], outputs: ['first'] },
      { op: 'Sub', inputs: ['last', 'first'], outputs: ['y'] },
    ],
  });
  expect([...run(model, array([1, 2, 3, 5, 8])).data]).toEqual([4, 6]);
});

describe('a Jacobian per sample of indexing by another input', () => {
  const perSample = (model: Model, x: HostArray, ids: HostArray): Result =>
    evaluate(
      batchJacobian((v: Tensor, at: Tensor) => model.call({ x: v, at })) as never,
      x,
      ids,
    ) as unknown as Result;
  const x = hostArray(floats([3, 4]));
  const ids = array([2, 0, 3], [3], 'i32');

  test("x[arange(batch), at], the pairs written out: each sample's own element", async () => {
    const model = await load({
      opset: 17,
      inputs: {
        x: { type: 'float', shape: ['batch', 4] },
        at: { type: 'int64', shape: ['batch'] },
      },
      outputs: { y: {} },
      stored: { first: stored(0), one: stored(1), last: stored([-1]) },
      nodes: [
        { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
        { op: 'Gather', inputs: ['shape', 'first'], outputs: ['batch'] },
        { op: 'Range', inputs: ['first', 'batch', 'one'], outputs: ['counter'] },
        { op: 'Unsqueeze', inputs: ['counter', 'last'], outputs: ['row'] },
        { op: 'Unsqueeze', inputs: ['at', 'last'], outputs: ['column'] },
        {
          op: 'Concat',
          inputs: ['row', 'column'],
          outputs: ['pairs'],
          attributes: { axis: -1 },
        },
        { op: 'GatherND', inputs: ['x', 'pairs'], outputs: ['y'] },
      ],
    });
    const J = perSample(model, x, ids);
    expect(J.shape).toEqual([3, 4]);
    expect([...J.data]).toEqual([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  });

  test('x.scatter(1, at, 0): every other element', async () => {
    const model = await load({
      opset: 17,
      inputs: {
        x: { type: 'float', shape: ['batch', 4] },
        at: { type: 'int64', shape: ['batch'] },
      },
      outputs: { y: {} },
      stored: { last: stored([-1]), zero: inFile(given([0])), two: inFile(given([2])) },
      nodes: [
        { op: 'Unsqueeze', inputs: ['at', 'last'], outputs: ['column'] },
        { op: 'Shape', inputs: ['column'], outputs: ['shape'] },
        { op: 'Expand', inputs: ['zero', 'shape'], outputs: ['zeros'] },
        {
          op: 'ScatterElements',
          inputs: ['x', 'column', 'zeros'],
          outputs: ['cleared'],
          attributes: { axis: 1 },
        },
        { op: 'Mul', inputs: ['cleared', 'two'], outputs: ['y'] },
      ],
    });
    const J = perSample(model, x, ids);
    expect(J.shape).toEqual([3, 4, 4]);
    const kept = [0, 1, 2].map((b) => [0, 1, 2, 3].map((i) => J.data[16 * b + 5 * i]));
    expect(kept).toEqual([
      [2, 2, 0, 2],
      [0, 2, 2, 2],
      [2, 2, 2, 0],
    ]);
  });
});
