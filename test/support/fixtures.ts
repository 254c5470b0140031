// vite rewrites `new URL(..., import.meta.url)` where it sees the pair; a name apart keeps it plain
const here = import.meta.url;

/**
 * The bytes of a file of test/fixtures, in Node and in the browser.
 *
 * @param path relative to test/fixtures, for example `models/mnist-mlp.weights.bin`
 * @throws Error if there is no such file
 */
export async function readFixture(path: string): Promise<ArrayBuffer> {
  const url = new URL(`../fixtures/${path}`, here);
  if (url.protocol === 'file:') {
    const { readFile } = await import('node:fs/promises');
    const bytes = await readFile(url);
    return new Uint8Array(bytes).buffer;
  }
  const response = await fetch(url);
  // the server answers a wrong address with its page
  if (!response.ok || response.headers.get('content-type')?.startsWith('text/html'))
    throw new Error(`no fixture ${path}: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}
