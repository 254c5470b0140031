import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostArray } from '../src/node.ts';
import type { Given, Described } from './peers/protocol.ts';
import type { Subject } from './subject.ts';

/** A subject as two files, `NAME.json` and `NAME.bin` (little-endian float32), for peers to read. */
export function writeInputs(subject: Subject, folder: string): void {
  const file = join(folder, `${subject.name}.json`);
  if (existsSync(file)) return;
  mkdirSync(folder, { recursive: true });
  const parts: Float32Array[] = [];
  let offset = 0;
  const place = ({ shape, data }: HostArray): Given => {
    parts.push(data as Float32Array);
    const given = { shape: [...shape], offset };
    offset += data.length;
    return given;
  };
  const description: Described = {
    name: subject.name,
    derivative: subject.derivative,
    function: subject.peer.name,
    settings: subject.peer.settings ?? {},
    shape: [...subject.shape],
    inputs: subject.inputs.map(place),
    parameters: Object.fromEntries(
      Object.entries(subject.parameters).map(([name, value]) => [name, place(value)]),
    ),
  };
  writeFileSync(join(folder, `${subject.name}.bin`), Buffer.concat(parts.map(bytesOf)));
  writeFileSync(file, `${JSON.stringify(description, null, 1)}\n`);
}

const bytesOf = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
