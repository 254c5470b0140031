import { Command, CommanderError, Option } from 'commander';
import { CotangentError, FormatError } from '../node.ts';
import { runJacobian, type JacobianOptions } from './jacobian.ts';
import { UsageError } from './usage.ts';

/** Where the program writes. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** replaces what it was told last; an empty text ends it */
  readonly progress?: (text: string) => void;
}

/**
 * The program `cotangent`.
 *
 * @param args the command line after the program's name
 * @returns the exit status: 0, or 2 if the command line or a file is at fault, or 1 if something
 *   else is
 */
export async function runProgram(args: readonly string[], streams: Streams): Promise<number> {
  try {
    await program(streams).parseAsync(args, { from: 'user' });
    return 0;
  } catch (e) {
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2; // it has written its line
    const expected = e instanceof UsageError || e instanceof CotangentError;
    streams.err(`error: ${expected ? e.message : inFull(e)}\n`);
    return e instanceof UsageError || e instanceof FormatError ? 2 : 1;
  }
}

function program({ out, err, progress = () => undefined }: Streams): Command {
  const cotangent = new Command('cotangent')
    .description('Derivatives of models, computed on the GPU through WebGPU')
    .configureOutput({ writeOut: out, writeErr: err })
    .showSuggestionAfterError(false) // one line is enough
    .exitOverride(); // throw, and do not end the process
  cotangent
    .command('jacobian')
    .description('The Jacobian of a model at one input: all derivatives of an output, at once')
    .argument('<model>', 'a network in the ONNX format (.onnx)')
    .requiredOption(
      '--input <file>',
      'the point: an array (.npy), or a picture (.png) with values from 0 to 1; of a model with several inputs name=file for each',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--wrt <name>', 'differentiate by this input or parameter; default: the first input')
    .option('--of <name>', 'differentiate this output; default: the first')
    .option('--batch', 'the first axis counts samples: one Jacobian for each')
    .option('--output <file>', 'write the Jacobian as .npy, shape [...outputs, ...inputs]')
    .addOption(
      new Option('--mode <mode>', 'order of accumulation')
        .choices(['auto', 'reverse', 'forward'])
        .default('auto'),
    )
    .option('--explain', 'say how it is computed: orders, kernels, memory')
    .option('--png <file>', 'write the rows of the Jacobian as pictures')
    .option('--reference <file>', 'print the error against a Jacobian in a .npy or .ref.json file')
    .addHelpText(
      'after',
      `
Examples:
  cotangent jacobian model.onnx --input digit.npy --output J.npy --explain
  cotangent jacobian model.onnx --input digits.npy --batch --output J.npy
  cotangent jacobian model.onnx --input digit.png --wrt fc1.bias

An input may lack the first axis where the model leaves that open: it is one sample then, and the
Jacobian is [...outputs, ...inputs] of that sample; with --batch it is [samples, ...outputs, ...inputs].

Exit status: 0 done; 2 the command line or a file is at fault; 1 anything else.`,
    )
    .action((model: string, options: JacobianOptions) =>
      runJacobian(model, options, { print: (line) => out(`${line}\n`), progress }),
    );
  return cotangent;
}

const inFull = (e: unknown): string => (e instanceof Error ? (e.stack ?? e.message) : String(e));
