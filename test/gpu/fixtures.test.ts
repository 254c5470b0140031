import { expect, test } from 'vitest';
import { readFixture } from '../support/fixtures.ts';
import { readJson } from '../support/reference.ts';

// here and not in test/cpu, because it must hold in the browser too

test('a fixture is read byte for byte', async () => {
  const header = (await readJson('models/mnist-mlp.weights.json')) as {
    bin: string;
    bytes: number;
    sha256: string;
  };
  const bytes = await readFixture(`models/${header.bin}`);
  expect(bytes.byteLength).toBe(header.bytes);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  expect(hex).toBe(header.sha256);
});

test('a missing fixture is an error', async () => {
  await expect(readFixture('models/no-such-file.bin')).rejects.toThrow('no-such-file');
});
