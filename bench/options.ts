import { parseArgs } from 'node:util';
import type { Mode } from '../src/node.ts';

/** What the command line says. */
export interface Options {
  /** names of subjects; none: all */
  readonly subjects: readonly string[];
  readonly modes: readonly Mode[];
  /** modes were named: run them however slow they will be */
  readonly allModes: boolean;
  readonly peers: readonly string[];
  readonly loop: boolean;
  readonly byHand: boolean;
  /** timed runs of each contender */
  readonly runs: number;
  /** seconds of timed runs after which a contender stops, once it has run three times */
  readonly budget: number;
  readonly json: string | undefined;
}

export const usage = `npm run bench -- [SUBJECT...] [options]

  --adapter WHAT   software (bundled), system, auto (default), or the path of a Vulkan driver's .json
  --modes LIST     of auto,reverse,forward (default: all that are not 20 times the work of auto)
  --peers LIST     all, none, or some of PEERS (default: all that this machine has)
  --runs N         timed runs of each contender (default 15)
  --budget S       seconds after which a contender stops early (default 10)
  --quick          --runs 5 --budget 2
  --no-loop        without the loops over rows
  --no-hand        without the kernels written by hand
  --json FILE      where the numbers go (default bench/results/ADAPTER.json)
  --list           what there is`;

const modes = ['auto', 'reverse', 'forward'] as const;

/**
 * @param peers names of the peers there are
 * @throws Error for what it does not understand
 */
export function parse(
  args: readonly string[],
  peers: readonly string[],
): Options & { list: boolean } {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      adapter: { type: 'string' }, // seen by run.mjs
      modes: { type: 'string' },
      peers: { type: 'string', default: 'all' },
      runs: { type: 'string' },
      budget: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'no-loop': { type: 'boolean', default: false },
      'no-hand': { type: 'boolean', default: false },
      json: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const number = (name: string, text: string | undefined, fallback: number): number => {
    const value = text === undefined ? fallback : Number(text);
    if (!(value > 0)) throw new Error(`--${name}: takes a number above 0, got ${text}`);
    return value;
  };
  const chosen = values.modes?.split(',') ?? [...modes];
  const some =
    values.peers === 'all' ? peers : values.peers === 'none' ? [] : values.peers.split(',');
  mustBeAmong('modes', chosen, modes);
  mustBeAmong('peers', some, peers);
  return {
    subjects: positionals,
    modes: chosen as Mode[],
    allModes: values.modes !== undefined,
    peers: some,
    loop: !values['no-loop'],
    byHand: !values['no-hand'],
    runs: number('runs', values.runs, values.quick ? 5 : 15),
    budget: number('budget', values.budget, values.quick ? 2 : 10),
    json: values.json,
    list: values.list || values.help,
  };
}

/** @throws Error that says what there is */
export function mustBeAmong(
  what: string,
  names: readonly string[],
  known: readonly string[],
): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length)
    throw new Error(`${what}: no ${unknown.join(', ')}; there are ${known.join(', ')}`);
}
