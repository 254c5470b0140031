import { readFile, writeFile } from 'node:fs/promises';
import { FormatError } from '../node.ts';
import { UsageError } from './usage.ts';

/** The bytes of a file the user named. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (e) {
    throw new UsageError(`cannot read ${path}: ${reasonOf(e)}`, { cause: e });
  }
}

/** Writes a file the user named. */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (e) {
    throw new UsageError(`cannot write ${path}: ${reasonOf(e)}`, { cause: e });
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'no such file or folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
};

function reasonOf(e: unknown): string {
  const { code, message } = e as NodeJS.ErrnoException;
  return reasons[code ?? ''] ?? message;
}

/** What `read` makes of a file; errors say which file it is. */
export async function readAs<T>(what: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (e) {
    if (e instanceof FormatError) throw new FormatError(`${what}: ${e.message}`, { cause: e });
    throw e;
  }
}
