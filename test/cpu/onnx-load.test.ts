import { describe, expect, test } from 'vitest';
import { array, evaluate, FormatError, type HostArray, type Tensor } from '../../src/index.ts';
import { modelSchema } from '../../src/formats/onnx/proto.ts';
import { loadOnnx, type OnnxModel } from '../../src/onnx.ts';
import { buildModel, type TestModel } from '../support/onnx/build.ts';
import { floats, given, inFile, stored } from '../support/onnx/case.ts';
import { encodeMessage } from '../support/onnx/encode.ts';

const base: TestModel = {
  opset: 17,
  inputs: { x: { type: 'float', shape: ['batch', 2] } },
  outputs: { y: { type: 'float', shape: ['batch', 3] } },
  stored: { w: inFile(floats([2, 3])), b: inFile(floats([3])) },
  nodes: [
    { op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['h'], name: 'layer' },
    { op: 'Relu', inputs: ['h'], outputs: ['y'], name: 'act' },
  ],
};

const load = (change: Partial<TestModel> = {}): Promise<OnnxModel> =>
  loadOnnx(buildModel({ ...base, ...change }));

const run = (model: OnnxModel, x: unknown, params?: unknown) =>
  evaluate((v: never, p: never) => model.call(v, p), x, params);

describe('a model', () => {
  test('says what it takes and gives', async () => {
    const model = await load();
    expect(model.inputs).toEqual([{ name: 'x', shape: ['batch', 2], dtype: 'f32' }]);
    expect(model.outputs).toEqual([{ name: 'y', shape: ['batch', 3], dtype: 'f32' }]);
    expect(Object.keys(model.params)).toEqual(['w', 'b']);
    expect(model.params['w']?.shape).toEqual([2, 3]);
    expect(model.opset).toBe(17);
  });

  test('takes its only input alone or by name, and gives its only output', async () => {
    const model = await load();
    const x = array([[1, 2]]);
    expect(run(model, x)).toEqual(run(model, { x }));
  });

  test('gives several outputs by name', async () => {
    const model = await loadOnnx<Record<string, Tensor>>(
      buildModel({ ...base, outputs: { y: {}, h: {} } }),
    );
    const out = evaluate((x: Tensor) => model.call(x), array([[1, 2]]));
    expect(Object.keys(out)).toEqual(['y', 'h']);
  });

  test('an initializer that is also declared as an input is not one', async () => {
    const inputs = { ...base.inputs, w: { type: 'float' as const, shape: [2, 3] } };
    expect((await load({ inputs })).inputs.map((i) => i.name)).toEqual(['x']);
  });

  test('takes parameters in place of its own, all or some', async () => {
    const model = await load();
    const x = array([[1, 2]]);
    const zero = array(new Float32Array(6), [2, 3]);
    const b = array([1, -1, 2]);
    expect([...run(model, x, { w: zero, b }).data]).toEqual([1, 0, 2]);
    const own = [...(model.params['b'] as HostArray).data].map((v) => Math.max(v, 0));
    expect([...run(model, x, { w: zero }).data]).toEqual(own);
  });

  test('can be called with plain numbers', async () => {
    const model = await load();
    const y = evaluate((x: Tensor) => model.call([[1, 2]]).add(x), 0);
    expect(y.shape).toEqual([1, 3]);
  });

  test.each<[string, unknown, unknown, string]>([
    ['another rank', array([1, 2]), {}, 'add the missing axis: x.expandDims(0)'],
    ['another length', array([[1, 2, 3]]), {}, 'axis 1 has to be 2'],
    ['another name', { z: array([[1, 2]]) }, {}, 'has no input "z"; its inputs are "x"'],
    ['no name', {}, {}, 'there is no value for the input "x"'],
    ['an unknown parameter', array([[1, 2]]), { v: array(1) }, 'no parameter "v"; it has "w", "b"'],
    ['a parameter of another shape', array([[1, 2]]), { b: array([1]) }, 'has shape [3], got [1]'],
  ])('refuses %s', async (_, x, params, message) => {
    const model = await load();
    expect(() => run(model, x, params)).toThrow(message);
  });

  test('axes of one name are equally long', async () => {
    const inputs = { ...base.inputs, z: { type: 'float' as const, shape: ['batch', 3] } };
    const model = await load({
      inputs,
      nodes: [...base.nodes.slice(0, 1), { op: 'Add', inputs: ['h', 'z'], outputs: ['y'] }],
    });
    expect(() =>
      run(model, {
        x: array([[1, 2]]),
        z: array([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      }),
    ).toThrow('batch is 1 in the input "x"');
    expect(() => run(model, array([[1, 2]]))).toThrow('takes 2 inputs ("x", "z")');
  });

  test('integers are passed as integers, and become floats where floats are taken', async () => {
    const model = await load({
      inputs: { i: { type: 'int64', shape: ['n'] } },
      nodes: [{ op: 'Gather', inputs: ['w', 'i'], outputs: ['y'] }],
    });
    expect(() => run(model, array([0, 1]))).toThrow('input "i": is i32');
    expect(run(model, array([0, 1], [2], 'i32')).shape).toEqual([2, 3]);
    expect(run(await load(), array([[1, 2]], undefined, 'i32')).shape).toEqual([1, 3]);
  });
});

describe('what cannot be computed is said before anything runs', () => {
  test('every missing op, node and version, of subgraphs too', async () => {
    const branch = (op: string) => ({
      graph: {
        outputs: { z: {} },
        nodes: [{ op, inputs: ['x'], outputs: ['z'], name: `in ${op}` }],
      },
    });
    const error = await load({
      stored: { yes: stored(1, 'bool') },
      nodes: [
        { op: 'NonMaxSuppression', inputs: ['x', 'x'], outputs: ['a'], name: 'nms' },
        { op: 'FancyOp', domain: 'com.example', inputs: ['x'], outputs: ['b'], name: 'fancy' },
        { op: 'NonMaxSuppression', inputs: ['x', 'x'], outputs: ['c'] },
        { op: 'Misspelt', inputs: ['x'], outputs: ['d'], name: 'typo' },
        {
          op: 'If',
          inputs: ['yes'],
          outputs: ['y'],
          attributes: { then_branch: branch('Relu'), else_branch: branch('Det') },
        },
      ],
    }).catch((e: unknown) => e as Error);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatchInlineSnapshot(`
      "onnx: the model has 4 ops that are not supported; docs/onnx.md lists those that are
        NonMaxSuppression (opset 17; the shape of its result depends on values): node "nms", node 2
        com.example.FancyOp (opset 17): node "fancy"
        Misspelt (opset 17): node "typo"
        Det (opset 17; needs a factorization of matrices): node "in Det""
    `);
  });

  test('an error inside names the node', async () => {
    const model = await load({ stored: { w: inFile(floats([4, 3])), b: inFile(floats([3])) } });
    expect(() => run(model, array([[1, 2]]))).toThrow(
      'onnx: node "layer" (Gemm): matmul: inner sizes differ',
    );
  });

  test.each([6, 27, 999])('opset %i', async (opset) => {
    await expect(load({ opset })).rejects.toThrow(`uses opset ${opset}, 7 to 26 are read`);
  });
});

describe('no model', () => {
  const node = (inputs: string[], outputs: string[], name = outputs.join()) => ({
    ...{ op: 'Add', inputs, outputs, name },
  });

  test.each<[string, Partial<TestModel>, string]>([
    [
      'a cycle',
      { nodes: [node(['x', 'c'], ['y'], 'one'), node(['y', 'x'], ['c'], 'two')] },
      `nodes wait for each other's results: node "one" (Add), node "two" (Add)`,
    ],
    [
      'a name that nothing defines',
      { nodes: [node(['x', 'q'], ['y'])] },
      'takes "q", which nothing',
    ],
    [
      'a name defined twice',
      { nodes: [node(['x', 'x'], ['y']), node(['x', 'x'], ['y'])] },
      'a second time',
    ],
    ['an input defined again', { nodes: [node(['x', 'x'], ['x'])] }, 'defines "x" a second time'],
    [
      'an output that nothing computes',
      { nodes: [node(['x', 'x'], ['z'])] },
      'no node computes the output "y"',
    ],
    ['no outputs', { outputs: {} }, 'the graph has no outputs'],
    [
      'a negative length',
      { inputs: { x: { type: 'float', shape: [-1, 2] } } },
      'input 0 "x": an axis has length -1',
    ],
    [
      'a missing attribute',
      { nodes: [{ op: 'Concat', inputs: ['x'], outputs: ['y'] }] },
      'has no axis',
    ],
    [
      'an attribute of another kind',
      { nodes: [{ op: 'Concat', inputs: ['x'], outputs: ['y'], attributes: { axis: 'one' } }] },
      'attribute axis is of kind string, not int',
    ],
    [
      'a missing input',
      { nodes: [{ op: 'Add', inputs: ['x'], outputs: ['y'] }] },
      'node 0 (Add): input 1 is missing',
    ],
    [
      'an enormous result',
      {
        stored: { shape: stored([2 ** 31 - 1, 2 ** 31 - 1, 2]) },
        nodes: [{ op: 'Expand', inputs: ['x', 'shape'], outputs: ['y'] }],
      },
      'onnx: node 0 (Expand)',
    ],
  ])('%s', async (_, change, message) => {
    await expect(load(change).then((model) => run(model, array([[1, 2]])))).rejects.toThrow(
      message,
    );
    await expect(load(change).then((model) => run(model, array([[1, 2]])))).rejects.toBeInstanceOf(
      FormatError,
    );
  });

  const bytes = buildModel(base);

  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'the file has no graph'],
    ['text', new TextEncoder().encode('<!doctype html>'), 'not a message of the ONNX format'],
    ['a file cut short', bytes.subarray(0, bytes.length - 30), 'onnx.graph'],
  ])('%s', async (_, file, message) => {
    await expect(loadOnnx(file)).rejects.toThrow(message);
    await expect(loadOnnx(file)).rejects.toBeInstanceOf(FormatError);
  });

  test('a file larger than allowed', async () => {
    await expect(loadOnnx(bytes, { maxBytes: 10 })).rejects.toThrow('maxBytes allows 10');
  });

  test('an address where nothing is', async () => {
    await expect(loadOnnx('no-such-scheme:model.onnx')).rejects.toThrow('cannot fetch');
  });

  test('names from the file are only names', async () => {
    const stored_ = Object.fromEntries([
      ['__proto__', inFile(given([1, 2]))],
      ['constructor', inFile(given([3, 4]))],
    ]);
    const model = await load({
      stored: stored_,
      nodes: [
        { op: 'Add', inputs: ['x', '__proto__'], outputs: ['h;}'], name: '*/ fn main() {' },
        { op: 'Add', inputs: ['h;}', 'constructor'], outputs: ['y'] },
      ],
    });
    expect(Object.keys(model.params)).toEqual(['__proto__', 'constructor']);
    expect([...run(model, array([[0, 0]])).data]).toEqual([4, 6]);
  });
});

describe('element types', () => {
  /** A model y = w, with this initializer. */
  function withTensor(tensor: object): Uint8Array {
    return encodeMessage(
      {
        irVersion: 8,
        opsets: [{ version: 17 }],
        graph: {
          nodes: [{ opType: 'Identity', inputs: ['w'], outputs: ['y'] }],
          initializers: [{ name: 'w', ...tensor }],
          outputs: [{ name: 'y' }],
        },
      },
      modelSchema,
    );
  }
  const raw = (list: ArrayBufferView) => ({
    rawData: new Uint8Array(list.buffer, list.byteOffset, list.byteLength),
  });
  const of = (dataType: number, dims: number[], rest: object) =>
    withTensor({ dataType, dims, ...rest });

  test.each<[string, Uint8Array, string, number[]]>([
    ['float', of(1, [2], raw(Float32Array.of(1.5, -2))), 'f32', [1.5, -2]],
    ['float, listed', of(1, [2], { floatData: [1.5, -2] }), 'f32', [1.5, -2]],
    ['float16', of(10, [3], raw(Uint16Array.of(0x3c00, 0xc100, 1))), 'f32', [1, -2.5, 2 ** -24]],
    ['float16, listed', of(10, [1], { int32Data: [0x4000] }), 'f32', [2]],
    ['bfloat16', of(16, [2], raw(Uint16Array.of(0x3f80, 0xc040))), 'f32', [1, -3]],
    ['double', of(11, [1], raw(Float64Array.of(0.1))), 'f32', [Math.fround(0.1)]],
    ['double, listed', of(11, [1], { doubleData: [2.5] }), 'f32', [2.5]],
    ['int64', of(7, [2], raw(BigInt64Array.of(-3n, 2n ** 62n))), 'i32', [-3, 2 ** 31 - 1]],
    ['int64, listed', of(7, [2], { int64Data: [-3, 5] }), 'i32', [-3, 5]],
    ['int8', of(3, [2], raw(Int8Array.of(-3, 5))), 'i32', [-3, 5]],
    ['uint8, listed', of(2, [2], { int32Data: [3, 255] }), 'i32', [3, 255]],
    ['uint32', of(12, [1], raw(Uint32Array.of(2 ** 32 - 1))), 'u32', [2 ** 32 - 1]],
    ['bool', of(9, [3], raw(Uint8Array.of(0, 1, 7))), 'bool', [0, 1, 1]],
    ['a scalar', of(1, [], { floatData: [4] }), 'f32', [4]],
    ['nothing at all', of(1, [2, 0], {}), 'f32', []],
  ])('%s', async (_, bytes, dtype, values) => {
    const model = await loadOnnx(bytes);
    const y = evaluate((x: Tensor) => ({ y: model.call({}), x }), 0).y;
    expect(y.dtype).toBe(dtype);
    expect([...y.data]).toEqual(values);
  });

  test.each<[string, Uint8Array, string]>([
    ['too few bytes', of(1, [3], raw(new Float32Array(2))), 'float[3] takes 12 bytes, got 8'],
    ['too few numbers', of(1, [3], { floatData: [1] }), 'has 3 elements, got 1'],
    ['a negative length', of(1, [-3], {}), 'impossible dimensions [-3]'],
    ['a huge shape', of(1, [2 ** 30, 2 ** 30], {}), 'impossible dimensions'],
    ['texts', of(8, [1], {}), 'elements are string, which cannot be read'],
    ['an unknown type', of(77, [1], {}), 'elements are number 77'],
    ['many axes', of(1, new Array<number>(40).fill(1), { floatData: [1] }), 'has 40 axes'],
  ])('%s are refused', async (_, bytes, message) => {
    await expect(loadOnnx(bytes)).rejects.toThrow(`onnx: initializer "w": `);
    await expect(loadOnnx(bytes)).rejects.toThrow(message);
  });

  const external = (entries: Record<string, string>) =>
    of(1, [2], {
      location: 1,
      external: Object.entries(entries).map(([key, value]) => ({ key, value })),
    });
  const file = new Uint8Array(Float32Array.of(9, 1, 2, 9).buffer);
  const there = { location: 'w.bin', offset: '4', length: '8' };

  test('data in another file', async () => {
    const bytes = external(there);
    for (const externalData of [
      { 'w.bin': file },
      () => file,
      () => Promise.resolve(file.buffer),
    ]) {
      const model = await loadOnnx(bytes, { externalData });
      expect([...(model.params['w']?.data ?? [])]).toEqual([1, 2]);
    }
  });

  test.each<[string, Uint8Array, string]>([
    [
      'a file that is not given',
      external({ location: 'q.bin' }),
      'pass that file as { externalData',
    ],
    ['no location', external({ offset: '4' }), 'which it does not name'],
    ['an offset beyond the end', external({ ...there, offset: '12' }), 'the file has 16'],
    ['an offset that is none', external({ ...there, offset: '-4' }), 'offset is not a number'],
    ['a length that does not fit', external({ ...there, length: '4' }), 'takes 8 bytes, got 4'],
  ])('in another file: %s', async (_, bytes, message) => {
    await expect(loadOnnx(bytes, { externalData: { 'w.bin': file } })).rejects.toThrow(message);
    await expect(loadOnnx(bytes, { externalData: { 'w.bin': file } })).rejects.toBeInstanceOf(
      FormatError,
    );
  });
});
