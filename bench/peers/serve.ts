import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MARK, type Described, type Given, type Reply, type Request } from './protocol.ts';

/** Numbers and their shape. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A subject with its numbers. */
export interface Task {
  readonly described: Described;
  readonly inputs: readonly Numbers[];
  readonly parameters: Readonly<Record<string, Numbers>>;
}

/** A task made ready by a peer. */
export interface Ready {
  readonly way?: string;
  /** from the inputs on the host to the result on the host */
  run(): Promise<Float32Array>;
  stop(): void;
}

/** What a peer cannot do. */
export class Unable extends Error {}

const send = (reply: Reply): void => {
  process.stdout.write(`${MARK}${JSON.stringify(reply)}\n`);
};

function read(folder: string, name: string): Task {
  const described = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Described;
  const bytes = new Uint8Array(readFileSync(join(folder, `${name}.bin`))).buffer;
  const numbers = ({ shape, offset }: Given): Numbers => ({
    shape,
    data: new Float32Array(
      bytes,
      offset * 4,
      shape.reduce((n, d) => n * d, 1),
    ),
  });
  return {
    described,
    inputs: described.inputs.map(numbers),
    parameters: Object.fromEntries(
      Object.entries(described.parameters).map(([key, given]) => [key, numbers(given)]),
    ),
  };
}

/** Answers the bench until it hangs up. `prepare` builds, and may leave compilation to the first run. */
export async function serve(name: string, prepare: (task: Task) => Ready): Promise<void> {
  const folder = process.argv[2] ?? '.';
  let ready: Ready | null = null;
  send({ ready: name });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    try {
      if (request.command === 'start') {
        const task = read(folder, request.subject);
        const begin = performance.now();
        ready = prepare(task);
        const result = await ready.run();
        const milliseconds = performance.now() - begin;
        writeFileSync(
          request.result,
          new Uint8Array(result.buffer, result.byteOffset, result.byteLength),
        );
        send({ milliseconds, ...(ready.way && { way: ready.way }) });
      } else if (request.command === 'run') {
        const begin = performance.now();
        await ready?.run();
        send({ milliseconds: performance.now() - begin });
      } else {
        ready?.stop();
        ready = null;
        send({});
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      send(error instanceof Unable ? { unable: message } : { failed: message });
    }
  }
  process.exit(0);
}
