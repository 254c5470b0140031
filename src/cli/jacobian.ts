import { createEngine, type Engine } from '../node.ts';
import { encodeNpy } from '../formats/npy.ts';
import { writeBytes } from './files.ts';
import { loadModel } from './model.ts';
import { problemOf, type Question } from './problem.ts';
import { readReference, relativeError } from './reference.ts';
import { saliencyPng } from './saliency.ts';
import { UsageError } from './usage.ts';

/** The options of `cotangent jacobian`, as on the command line. */
export interface JacobianOptions extends Question {
  readonly output?: string;
  readonly explain?: true;
  readonly png?: string;
  readonly reference?: string;
}

/** Where a command says something. */
export interface Voice {
  readonly print: (line: string) => void;
  /** what is going on, for someone who waits */
  readonly progress: (text: string) => void;
}

/**
 * Computes the Jacobian of a model file at one input, prints what there is to say about it, and
 * writes the files that were asked for.
 */
export async function runJacobian(
  path: string,
  options: JacobianOptions,
  { print, progress }: Voice,
): Promise<void> {
  const model = await loadModel(path);
  const problem = await problemOf(model, options);
  const { at, parameter } = problem;
  if (parameter !== undefined && options.png !== undefined)
    throw new UsageError(`--png shows derivatives by the input; --wrt ${parameter} is a parameter`);
  const reference =
    options.reference === undefined ? undefined : await readReference(options.reference, problem);

  const engine = await createEngine();
  try {
    print(`adapter      ${adapterOf(engine)}`);
    const J = engine.compile(problem.f, {
      label: 'jacobian',
      onProgress: ({ done, total }) => progress(`compiling ${done} of ${total} kernels`),
    });
    const compilation = await timed(() => J.prepare(at));
    progress('running');
    const run = () => J(at).then(([, jacobian]) => jacobian.read());
    const first = await timed(run); // it uploads the parameters too
    const again = await timed(run);
    const [value, jacobian] = await J(at);
    const y = await value.read();
    const rows = await jacobian.read();
    const explanation = await J.explain(at);
    progress('');

    if (!problem.perSample && y.length <= 20) print(`scores       ${scores(y)}`);
    print(`Jacobian     [${jacobian.shape.join(', ')}], ‖J‖ = ${norm(rows).toPrecision(6)}`);
    for (const { order, reason } of explanation.json.jacobians)
      print(`order        ${order}: ${reason}`);
    print(`dispatches   ${explanation.json.dispatches}, in one submission`);
    print(
      `time         compile ${ms(compilation)}, run and read back ${ms(first)}, again ${ms(again)}`,
    );
    if (reference) {
      const error = relativeError(rows, reference);
      const precision = reference instanceof Float64Array ? 'float64 ' : '';
      print(
        `error        ${error.norm.toExponential(1)} of ‖J‖, largest ${error.largest.toExponential(1)} of max |J|, against the ${precision}reference`,
      );
    }
    if (options.output !== undefined) {
      await writeBytes(options.output, encodeNpy({ shape: jacobian.shape, data: rows }));
      print(`written      ${options.output}`);
    }
    if (options.png !== undefined) {
      await writeBytes(options.png, saliencyPng(rows, problem.shape));
      print(`written      ${options.png}: one map for each output, blue < 0 < red`);
    }
    if (options.explain) print(`\n${explanation.text}`);
  } finally {
    engine.destroy();
  }
}

function adapterOf({ info }: Engine): string {
  const name = [info.vendor, info.architecture, info.description].filter(Boolean).join(', ');
  return `${name} (${info.isSoftware ? 'software: no GPU was found' : 'GPU'})`;
}

function scores(y: ArrayLike<number>): string {
  const values = Array.from(y);
  const best = values.indexOf(Math.max(...values));
  const list = values.map((v, i) => `${i}: ${v.toFixed(3)}`).join('  ');
  return `${list}  -> ${best}`;
}

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

const ms = (time: number): string => `${time.toFixed(1)} ms`;

/** Milliseconds until a task is done. */
async function timed(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await task();
  return performance.now() - start;
}
