/** A file that something happened to. */
export interface Mutation {
  readonly bytes: Uint8Array;
  /** what happened, enough to repeat it */
  readonly what: string;
}

/** Pseudo-random numbers from a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * `count` mutations of a file, the same for each seed: cut short, bits flipped, bytes replaced by telling
 * ones, parts repeated, removed, moved to another place. Half of them happen where structure is dense: in
 * the parts of the file that hold short runs of text and small numbers, which `hot` finds.
 */
export function* mutations(file: Uint8Array, count: number, seed: number): Generator<Mutation> {
  const random = generator(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const hot = structure(file);
  const place = (): number =>
    hot.length > 0 && random() < 0.7 ? (hot[below(hot.length)] as number) : below(file.length);
  for (let i = 0; i < count; i++) {
    let bytes: Uint8Array = file.slice();
    const steps: string[] = [];
    for (let k = 0, n = 1 + below(3); k < n; k++) {
      const at = Math.min(place(), Math.max(0, bytes.length - 1));
      const length = 1 + below(random() < 0.8 ? 16 : 2000);
      const kind = below(7);
      if (kind === 0) bytes = bytes.slice(0, at);
      else if (kind === 1) bytes[at] = (bytes[at] as number) ^ (1 << below(8));
      else if (kind === 2) bytes[at] = [0, 1, 127, 128, 255][below(5)] as number;
      else if (kind === 3) bytes.fill(255, at, at + 1 + below(9));
      else {
        const part = bytes.slice(at, at + length);
        const to = kind === 4 ? at : Math.min(place(), bytes.length);
        // repeated, removed, or copied elsewhere
        bytes =
          kind === 5
            ? joined(bytes.subarray(0, at), bytes.subarray(at + length))
            : joined(bytes.subarray(0, to), part, bytes.subarray(to));
      }
      steps.push(`${kind}@${at}+${length}`);
      if (bytes.length === 0) break;
    }
    yield { bytes, what: `mutation ${i} of seed ${seed} (${steps.join(', ')})` };
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Positions near runs of letters: names, headers, and what lies between them. */
function structure(file: Uint8Array): number[] {
  const isLetter = (v: number): boolean => (v >= 65 && v <= 90) || (v >= 97 && v <= 122);
  const near = new Set<number>();
  let run = 0;
  file.forEach((v, i) => {
    run = isLetter(v) ? run + 1 : 0;
    if (run === 4)
      for (let k = Math.max(0, i - 24); k < i + 24 && k < file.length; k++) near.add(k);
  });
  return [...near];
}
