import { fillSlots } from './slots.ts';

const files = import.meta.glob<string>('../../shaders/lib/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Text of each library file by its base name. */
const texts = new Map(
  Object.entries(files).map(([path, text]) => [path.slice(path.lastIndexOf('/') + 1), text]),
);

/** Which file declares a function. */
const home = new Map<string, string>();
for (const [name, text] of texts)
  for (const m of text.matchAll(/\bfn (ct_\w+)/g)) home.set(m[1] as string, name);

/**
 * `text` written for vectors of four: types F, I, U, B and functions `ct_*` in their wide versions. What is
 * wide already (an argument in an expression) stays as it is.
 */
export function widen(text: string): string {
  return text
    .replace(/\b([FIUB])\b/g, '$14')
    .replace(/\bct_\w+/g, (name) => (name.endsWith('_v4') ? name : `${name}_v4`));
}

function collect(name: string, into: string[]): void {
  if (into.includes(name)) return;
  const text = texts.get(name) as string;
  for (const m of text.matchAll(/^\/\/ @requires (\S+)/gm)) collect(m[1] as string, into);
  into.push(name);
}

const strip = (name: string): string =>
  fillSlots(texts.get(name) as string, { types: '' })
    .replace(/^\s*\/\/.*\n/gm, '')
    .trim();

/**
 * The library functions that kernel text calls, with all they need: scalar ones for `ct_name`, vector
 * ones for `ct_name_v4`.
 */
export function libraryFor(kernel: string): string {
  const scalar: string[] = [];
  const wide: string[] = [];
  for (const m of kernel.matchAll(/\bct_\w+/g)) {
    const isWide = m[0].endsWith('_v4');
    const file = home.get(isWide ? m[0].slice(0, -3) : m[0]);
    if (file) collect(file, isWide ? wide : scalar);
  }
  return [...scalar.map(strip), ...wide.map((name) => widen(strip(name)))].join('\n');
}

/** Functions that WGSL has too, under the name without `ct_`. */
const BUILTINS =
  /\bct_(exp2?|log2?|sin|cos|tan|asin|acos|atan2?|sinh|cosh|tanh|asinh|acosh|atanh|pow)(_v4)?\b/g;

/** Kernel text that calls WGSL's own functions where there are such. */
export function withBuiltins(text: string): string {
  return text.replace(BUILTINS, '$1');
}
