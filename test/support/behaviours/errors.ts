import {
  array,
  batchJacobian,
  checkpoint,
  divergence,
  DTypeError,
  grad,
  hessian,
  hvp,
  jacobian,
  jacrev,
  jvp,
  linearize,
  ones,
  ShapeError,
  TraceError,
  valueAndGrad,
  vjp,
  vmap,
  type Tensor,
} from '../../../src/index.ts';
import type { Traced } from '../backend.ts';
import { points } from '../differences.ts';
import { elementwiseJacobian } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { modes } from '../modes.ts';
import { refused, expectRefusal } from '../refusal.ts';

// Section C: errors. Each names the function and what it got.

const x3 = points([3], 301);
const x2 = points([2], 302);
const ids = array(Int32Array.from([0, 1, 2]));
const sin = (x: Tensor) => x.sin();
const product = (x: Tensor, y: Tensor) => x.sum().mul(y.sum());

const transforms: readonly (readonly [string, (f: Traced, options?: object) => Traced])[] = [
  ...Object.entries(modes),
  ['grad', grad],
  ['hessian', hessian],
];

/** [what, argnums, arguments, what the message says beside the transform and `argnums`] */
const badArgnums = [
  ['empty', [], [x3], []],
  ['out of bounds', 1, [x3], ['1']],
  ['out of bounds in a list', [0, 2], [x3, x2], ['2']],
  ['negative, out of bounds', -2, [x3], ['-2', '1']],
  ['repeated', [0, 0], [x3, x2], ['0']],
  ['repeated by a negative alias', [0, -2], [x3, x2], ['-2']],
  ['a fraction', 0.5, [x3], ['0.5']],
  ['nested', [[0]], [x3], []],
] as const;

const argnums: Scenario[] = [
  ...transforms.flatMap(([name, transform]) =>
    badArgnums.map(([what, value, args, says]) =>
      refused(
        `TestSliceArgnums.*, test_empty_argnums, out_of_bounds, negative, repeated, float: ${name}, ${what}`,
        transform(product as Traced, { argnums: value }),
        args,
        { error: TraceError, says: [name, 'argnums', ...says] },
      ),
    ),
  ),
  ...transforms
    .filter(([name]) => name !== 'hessian')
    .map(([name, transform]) =>
      scenario(`TestSliceArgnums.*: ${name}, negatives in range count from the end`, async (b) => {
        const f = (x: Tensor, y: Tensor) => x.sin().sum().mul(y.sum());
        for (const [negative, plain] of [
          [-1, 1],
          [-2, 0],
          [
            [-1, 0],
            [1, 0],
          ],
        ] as const)
          b.exact(
            await b.run(transform(f as Traced, { argnums: negative }), x3, x2),
            await b.run(transform(f as Traced, { argnums: plain }), x3, x2),
          );
      }),
    ),
];

const outputs: Scenario[] = Object.entries(modes).flatMap(([name, J]) =>
  (
    [
      ['an empty list', () => [], /empty|no (tensor|output|leaf|leaves)|\[\]/],
      ['null', () => null, 'null'],
      ['nothing', () => undefined, /nothing|undefined/],
      ['a boolean', () => true, /boolean|true/],
      ['a string', () => 'x', 'string'],
      ['a string in a tree', (x: Tensor) => ({ y: x, name: 'x' }), /string|object/],
    ] as const
  ).map(([what, f, says]) =>
    refused(`test_empty_output, outputs_can_any_pytree: ${name}, ${what} is refused`, J(f), [x3], {
      error: TraceError,
      says: [name, says],
    }),
  ),
);

/** jvp, vjp, ... of `sin` with what the caller passes as vector. */
const pull =
  (...u: unknown[]): Traced =>
  (x: Tensor) =>
    vjp(sin, x)[1](...(u as [Tensor]));
const push =
  (...v: unknown[]): Traced =>
  (x: Tensor) =>
    jvp(sin, [x], v as [Tensor])[1];
const replay =
  (...v: unknown[]): Traced =>
  (x: Tensor) =>
    linearize(sin, x)[1](...(v as [Tensor]));

const vectors: Scenario[] = [
  ...(
    [
      ['vjp', pull],
      ['jvp', push],
      ['linearize', replay],
    ] as const
  ).flatMap(([name, run]) => {
    const row =
      name === 'vjp'
        ? 'vjp_pytree_error; test_vjp_mismatched_arguments, _bad_cotangent_shape, _too_many_args'
        : name === 'jvp'
          ? 'test_primals_tangents_length_mismatch, inputs_are_tuples_of_tensors, pytree_inputs_error_cases; test_jvp_mismatched_arguments, _non_tuple'
          : 'test_linearize_errors; test_linearize_aval_error';
    return [
      refused(`${row}: ${name}, a vector of another shape`, run(array([1, 2])), [x3], {
        error: ShapeError,
        says: [name, '[2]', '[3]'],
      }),
      refused(`${row}: ${name}, a scalar does not broadcast`, run(array(1)), [x3], {
        error: ShapeError,
        says: [name, '[]', '[3]'],
      }),
      refused(`${row}: ${name}, one axis too many`, run(array([[1, 2, 3]])), [x3], {
        error: ShapeError,
        says: [name, '[1,3]', '[3]'],
      }),
      refused(`${row}: ${name}, an integer vector`, run(ids), [x3], {
        error: DTypeError,
        says: [name, 'i32'],
      }),
      refused(`${row}: ${name}, another tree`, run({ v: array([1, 2, 3]) }), [x3], {
        error: TraceError,
        says: [name],
      }),
    ];
  }),

  refused(
    'test_linearize_errors: one tangent too many',
    replay(array([1, 2, 3]), array([1, 2, 3])),
    [x3],
    { error: TraceError, says: ['linearize', '2', '1'] },
  ),
  refused(
    'test_primals_tangents_length_mismatch: one tangent too many',
    push(array([1, 2, 3]), array([1, 2, 3])),
    [x3],
    { error: TraceError, says: ['jvp', '2', '1'] },
  ),
  refused(
    'test_vjp_mismatched_arguments, _too_many_args: two cotangents instead of a list of two',
    ((x: Tensor) => {
      const pull = vjp((y: Tensor) => [y, y], x)[1] as Traced;
      return pull(x, x);
    }) as Traced,
    [x3],
    { error: TraceError, says: ['vjp', '2', 'one'] },
  ),
  refused(
    'test_vjp_mismatched_arguments, _too_many_args: one cotangent too many',
    ((x: Tensor) => vjp((y: Tensor) => [y, y], x)[1]([x, x, x])) as Traced,
    [x3],
    { error: TraceError, says: ['vjp'] },
  ),
  refused(
    'v*p_err_check: the cotangent may be left out for a scalar output only',
    ((x: Tensor) => vjp(sin, x)[1]()) as Traced,
    [x3],
    { error: ShapeError, says: ['vjp', '[3]'] },
  ),
  scenario('v*p_err_check: a scalar output implies the cotangent 1', async (b) => {
    const pull = (x: Tensor) => vjp((y: Tensor) => y.square().sum(), x)[1]();
    b.exact(await b.run(pull, x3), [{ shape: [3], data: x3.data.map((v) => 2 * v) }]);
  }),
  refused(
    'test_jvp_mismatched_arguments, _non_tuple: primals that are not a list',
    ((x: Tensor) => jvp(sin, x as never, [x])[1]) as Traced,
    [x3],
    { error: TraceError, says: ['jvp', 'primals'] },
  ),
  refused(
    'test_primals_tangents_length_mismatch: no tangent at all',
    ((x: Tensor) => jvp(sin, [x], [] as never)[1]) as Traced,
    [x3],
    { error: TraceError, says: ['jvp', '0', '1'] },
  ),
  refused(
    'pytree_inputs_error_cases: tangents of another tree',
    ((x: Tensor, y: Tensor) =>
      jvp(
        ({ p, q }: { p: Tensor; q: Tensor }) => p.mul(q.sum()),
        [{ p: x, q: y }],
        [{ p: x }],
      )[1]) as Traced,
    [x3, x2],
    { error: TraceError, says: ['jvp', 'q'] },
  ),
  refused(
    'test_vjp_multiple_arguments_error_message: a cotangent tree for another output tree',
    ((x: Tensor) => vjp((y: Tensor) => ({ a: y, b: y.sum() }), x)[1]({ a: x })) as Traced,
    [x3],
    { error: TraceError, says: ['vjp', 'b'] },
  ),
  refused(
    'v*p_err_check: a vector of another shape for hvp',
    ((x: Tensor, v: Tensor) => hvp((y: Tensor) => y.square().sum(), [x], [v])) as Traced,
    [x3, x2],
    { error: ShapeError, says: ['hvp', '[2]', '[3]'] },
  ),
  refused(
    'hessian_err_check, v*p_err_check: hvp needs a scalar output',
    ((x: Tensor) => hvp((y: Tensor) => y.square(), [x], [x])) as Traced,
    [x3],
    { error: ShapeError, says: ['hvp', '[3]'] },
  ),
];

const grads: Scenario[] = [
  refused('test_grad_bad_input: a string', grad(() => ones([])) as Traced, ['x'], {
    error: TraceError,
    says: ['string'],
  }),
  refused(
    'test_grad_tuple_output: a list of two scalars',
    grad(((x: Tensor) => [x.sum(), x.sum()]) as never) as Traced,
    [x3],
    { error: ShapeError, says: ['grad', 'jacobian'] },
  ),
  ...(
    [
      ['grad', grad],
      ['valueAndGrad', valueAndGrad],
    ] as const
  ).map(([name, transform]) =>
    refused(
      `test_grad_nonscalar_output(_hint): ${name} of [3] gives the shape and the way out`,
      transform(sin) as Traced,
      [x3],
      { error: ShapeError, says: [name, '[3]', 'jacobian'] },
    ),
  ),
  refused(
    'test_grad_of_int_errors: the message names the type',
    grad((i: Tensor) => i.cast('f32').sum()) as Traced,
    [ids],
    { error: DTypeError, says: ['grad', 'i32'] },
  ),
  ...Object.entries(modes).map(([name, J]) =>
    refused(
      `test_grad_of_int_errors: ${name} by integers`,
      J((i: Tensor) => i.cast('f32')),
      [ids],
      {
        error: DTypeError,
        says: [name, 'i32'],
      },
    ),
  ),
  refused(
    'test_grad_of_int_errors: an integer output of grad',
    grad((x: Tensor) => x.cast('i32').sum()) as Traced,
    [x3],
    { error: DTypeError, says: ['grad', 'i32'] },
  ),
];

const others: Scenario[] = [
  ...Object.entries(modes).map(([name, J]) =>
    refused(
      `test_jacobian_err_check: ${name} by an argument without any array`,
      J(() => ones([2])),
      [{ flag: 'text' }],
      { error: TraceError, says: [name] },
    ),
  ),

  scenario('test_inplace_on_captures: what a function closes over is a constant', async (b) => {
    const captured = array([2, 3, 4]);
    const f = (x: Tensor) => x.mul(captured);
    for (const J of Object.values(modes))
      b.exact(await b.run(J(f), x3), elementwiseJacobian([3], [2, 3, 4]));
  }),

  scenario('test_escaped_wrappers_*: a tensor used after its trace has ended', async (b) => {
    let kept: Tensor | undefined;
    await b.run((x: Tensor) => (kept = x.sin()), x3);
    await expectRefusal(b, (x: Tensor) => x.add(kept as Tensor), [x3], {
      error: TraceError,
      says: ['trace'],
    });
    await expectRefusal(b, () => (kept as Tensor).mul(2), [x3], {
      error: TraceError,
      says: ['trace'],
    });
  }),

  scenario('test_escaped_wrappers_*: a tensor kept from inside a transform', async (b) => {
    // it is a function of the transform's own variable, which has no value outside
    for (const [name, J] of Object.entries(modes)) {
      const f = (x: Tensor) => {
        let inner: Tensor | undefined;
        const first = J((y: Tensor) => (inner = y.sin()))(x) as Tensor;
        return first.sum().add((inner as unknown as Tensor).sum());
      };
      await expectRefusal(b, f, [x3], { error: TraceError, says: [name] });
    }
  }),

  ...(
    [
      ['grad', grad],
      ['jacrev', modes.jacrev],
      ['jacfwd', modes.jacfwd],
      ['jacobian', modes.jacobian],
      ['hessian', hessian],
    ] as const
  ).flatMap(([name, transform]) =>
    (
      [
        ['one tensor', (x: Tensor) => x.sum()],
        ['a list of three', (x: Tensor) => [x.sum(), x, x]],
        ['a list of one', (x: Tensor) => [x.sum()]],
        ['an object', (x: Tensor) => ({ value: x.sum(), aux: x })],
      ] as const
    ).map(([what, f]) =>
      refused(
        `grad_and_aux_error: ${name}, hasAux with ${what} instead of a pair`,
        (transform as (f: Traced, options: object) => Traced)(f, { hasAux: true }),
        [x3],
        { error: TraceError, says: [name, 'hasAux'] },
      ),
    ),
  ),
];

/** Options that the types would refuse. */
const wrong = (options: object): object => options;

const misuse: Scenario[] = [
  ...(
    [
      ...Object.entries({ ...modes, grad, valueAndGrad, hessian, batchJacobian, checkpoint, vmap }),
    ] as [string, (f: Traced) => Traced][]
  ).map(([name, transform]) =>
    refused(
      `check_grads of no function: ${name} of a number`,
      transform(5 as never),
      [array([[1, 2]])],
      { error: TraceError, says: [name, 'function', 'number'] },
    ),
  ),

  // spelled wrong, an option would change nothing and say nothing
  ...(
    [
      ['jacobian', jacobian(sin, wrong({ argnum: 1 })), 'argnum'],
      ['jacrev', jacrev(sin, wrong({ chunkSize: 2 })), 'chunkSize'],
      ['grad', grad((x: Tensor) => x.sum(), wrong({ has_aux: true })), 'has_aux'],
      ['hessian', hessian(sin, wrong({ arg: 0 })), 'arg'],
      ['batchJacobian', batchJacobian(sin, wrong({ modes: 'auto' })), 'modes'],
      ['divergence', divergence(sin, wrong({ argNums: 0 })), 'argNums'],
      ['vmap', vmap(sin, wrong({ in_axes: 0 })), 'in_axes'],
    ] as [string, Traced, string][]
  ).map(([name, f, option]) =>
    refused(`TestSliceArgnums.*: ${name}, an option that there is not`, f, [x3], {
      error: TraceError,
      says: [name, option, 'options'],
    }),
  ),

  ...(
    [
      ['mode', 'sideways', '"sideways"'],
      ['chunk', 0, '0'],
      ['chunk', -2, '-2'],
      ['chunk', 1.5, '1.5'],
    ] as const
  ).map(([option, value, says]) =>
    refused(
      `test_chunk_jacrev: batchJacobian, ${option} ${value}`,
      batchJacobian(sin, { [option]: value }) as Traced,
      [x3],
      { error: TraceError, says: ['batchJacobian', option, says] },
    ),
  ),
  refused(
    'test_grad_of_int_errors: batchJacobian of integers',
    batchJacobian((x: Tensor) => x.cast('i32')) as Traced,
    [x3],
    { error: DTypeError, says: ['batchJacobian', 'i32'] },
  ),

  scenario(
    'test_escaped_wrappers_*: the message names the function that was given it',
    async (b) => {
      let kept: Tensor | undefined;
      await b.run((x: Tensor) => (kept = x.sin()), x3);
      const all: [string, Traced][] = [
        ['add', (x: Tensor) => x.add(kept as Tensor)],
        ['matmul', (x: Tensor) => x.matmul(kept as Tensor)],
        ['jacobian', (x: Tensor) => jacobian(kept as Tensor, x)],
      ];
      for (const [name, f] of all)
        await expectRefusal(b, f, [x3], { error: TraceError, says: [`${name}: `] });
    },
  ),

  ...(['read', 'toNested', 'item'] as const).map((name) =>
    refused(
      `TestJac.test_escaped_wrappers_*: ${name} of a tensor that has no numbers yet`,
      (x: Tensor) => (x as unknown as Record<string, () => Tensor>)[name]?.(),
      [x3],
      { error: TraceError, says: [name, 'compile'] },
    ),
  ),
  scenario('a promise that is refused does not go unhandled', async (b) => {
    const f = async () => Promise.reject(new Error('of the function'));
    await expectRefusal(b, f, [x3], { error: TraceError, says: ['promise'] });
  }),

  scenario('statics of every type pass through', async (b) => {
    const flags = [1n, Symbol('a'), 'text', true, null, undefined];
    const f = (x: Tensor, ...rest: unknown[]) =>
      rest.every((flag, i) => flag === flags[i]) ? x.mul(2) : x;
    b.exact(await b.run(f, x3, ...flags), { shape: [3], data: x3.data.map((v) => 2 * v) });
    for (const flag of flags)
      await expectRefusal(b, () => flag, [x3], { error: TraceError, says: [/return/] });
  }),
];

export const errors: Scenario[] = [
  ...argnums,
  ...outputs,
  ...vectors,
  ...grads,
  ...others,
  ...misuse,
];
