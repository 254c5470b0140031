/** In which order factors are multiplied: a binary tree whose leaves are numbers of factors. */
export type Order =
  | { readonly term: number; readonly left?: undefined; readonly right?: undefined }
  | { readonly left: Order; readonly right: Order };

/** Up to so many factors every order is tried; beyond, the cheapest pair is taken first. */
const MOST_EXHAUSTIVE = 8;

/** Some of the factors, multiplied. */
interface Candidate {
  readonly order: Order;
  readonly members: readonly number[];
  /** labels that are needed outside */
  readonly labels: readonly string[];
  /** multiplications to get there */
  readonly cost: number;
}

/**
 * The order of pairwise products with the fewest multiplications: by dynamic programming over the subsets
 * of the factors, for many factors greedily.
 *
 * @param terms labels of the axes of each factor
 * @param output labels of the result
 * @param lengths axis length by label
 */
export function cheapestOrder(
  terms: readonly (readonly string[])[],
  output: readonly string[],
  lengths: ReadonlyMap<string, number>,
): Order {
  /** Labels of the factors `members` that others or the result need. */
  const needed = (members: readonly number[]): string[] => {
    const outside = new Set([
      ...output,
      ...terms.flatMap((l, i) => (members.includes(i) ? [] : l)),
    ]);
    const inside = new Set(members.flatMap((i) => terms[i] as string[]));
    return [...inside].filter((v) => outside.has(v));
  };
  const join = (a: Candidate, b: Candidate): Candidate => {
    const members = [...a.members, ...b.members];
    let multiplications = 1;
    for (const v of new Set([...a.labels, ...b.labels]))
      multiplications *= lengths.get(v) as number;
    return {
      order: { left: a.order, right: b.order },
      members,
      labels: needed(members),
      cost: a.cost + b.cost + multiplications,
    };
  };
  const leaves = terms.map((_, i): Candidate => ({
    order: { term: i },
    members: [i],
    labels: needed([i]),
    cost: 0,
  }));
  return (leaves.length > MOST_EXHAUSTIVE ? greedy : exhaustive)(leaves, join).order;
}

type Join = (a: Candidate, b: Candidate) => Candidate;

/** The cheapest product of all, from the cheapest of every subset (a bit mask). */
function exhaustive(leaves: readonly Candidate[], join: Join): Candidate {
  const all = (1 << leaves.length) - 1;
  const best = new Map(leaves.map((leaf, i) => [1 << i, leaf]));
  for (let mask = 1; mask <= all; mask++) {
    if (best.has(mask)) continue;
    let found: Candidate | undefined;
    for (let part = (mask - 1) & mask; part > mask >> 1; part = (part - 1) & mask) {
      const candidate = join(best.get(mask ^ part) as Candidate, best.get(part) as Candidate);
      if (!found || candidate.cost < found.cost) found = candidate;
    }
    best.set(mask, found as Candidate);
  }
  return best.get(all) as Candidate;
}

/** Always the pair whose product is cheapest. */
function greedy(leaves: readonly Candidate[], join: Join): Candidate {
  let open = [...leaves];
  while (open.length > 1) {
    let found: { a: Candidate; b: Candidate; joined: Candidate } | undefined;
    open.forEach((a, i) => {
      for (const b of open.slice(i + 1)) {
        const joined = join({ ...a, cost: 0 }, { ...b, cost: 0 });
        if (!found || joined.cost < found.joined.cost) found = { a, b, joined };
      }
    });
    const { a, b, joined } = found as NonNullable<typeof found>;
    open = [...open.filter((c) => c !== a && c !== b), joined];
  }
  return open[0] as Candidate;
}
