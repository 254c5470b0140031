import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { Unable, type Contender, type Started } from '../contender.ts';
import { writeInputs } from '../inputs.ts';
import { MARK, type Reply, type Request } from '../peers/protocol.ts';
import type { Subject } from '../subject.ts';

/** Milliseconds after which a peer that does not answer is ended. */
const PATIENCE = 600_000;

const LINE = 300;

/** Another library, in a process of its own that lives as long as the bench. */
export class Peer {
  #child: ChildProcess | null = null;
  #lines: AsyncIterator<string> | null = null;
  #interface: Interface | null = null;
  /** the last it wrote to where errors go */
  #complaint = '';
  /** what it says it is */
  version = '';

  constructor(
    readonly name: string,
    private readonly commandLine: readonly [string, ...string[]],
    private readonly folder: string,
  ) {}

  /** Starts the process. @throws Error when it does not come up */
  async open(): Promise<void> {
    if (this.#child) return;
    const [program, ...args] = this.commandLine;
    const child = spawn(program, [...args, this.folder], { stdio: 'pipe' });
    child.stderr.on('data', (data: Buffer) => (this.#complaint = data.toString().slice(-LINE)));
    child.on('error', () => undefined); // told by the end of its output
    this.#child = child;
    this.#interface = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    this.#lines = this.#interface[Symbol.asyncIterator]();
    this.version = (await this.#reply()).ready ?? '';
  }

  async ask(request: Request): Promise<Reply> {
    await this.open();
    this.#child?.stdin?.write(`${JSON.stringify(request)}\n`);
    return this.#reply();
  }

  close(): void {
    this.#interface?.close();
    this.#child?.kill();
    this.#child = null;
  }

  async #reply(): Promise<Reply> {
    const timer = setTimeout(() => this.close(), PATIENCE);
    try {
      for (;;) {
        const next = await this.#lines?.next();
        if (!next || next.done) {
          this.close();
          throw new Error(`its process ended. ${this.#complaint.trim().split('\n').at(-1) ?? ''}`);
        }
        if (!next.value.startsWith(MARK)) continue;
        const reply = JSON.parse(next.value.slice(MARK.length)) as Reply;
        if (reply.unable !== undefined) throw new Unable(reply.unable);
        if (reply.failed !== undefined) throw new Error(reply.failed);
        return reply;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** The peer as a contender for one subject. */
  contender(subject: Subject): Contender {
    return {
      name: this.name,
      start: async (): Promise<Started> => {
        writeInputs(subject, this.folder);
        const file = join(this.folder, `${subject.name}.${this.name}.bin`);
        const { milliseconds, way } = await this.ask({
          command: 'start',
          subject: subject.name,
          result: file,
        });
        const bytes = new Uint8Array(readFileSync(file)).buffer;
        return {
          firstCall: milliseconds as number,
          result: new Float32Array(bytes),
          run: async () => (await this.ask({ command: 'run' })).milliseconds as number,
          details: () => Promise.resolve(way ? { order: way } : {}),
          stop: async () => {
            await this.ask({ command: 'stop' });
          },
        };
      },
    };
  }
}
