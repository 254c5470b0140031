let limit = Infinity;

/** How many seeds a Jacobian may carry at a time while `f` is traced, so that it fits into memory. */
export function withRowsAtOnce<T>(rows: number, f: () => T): T {
  const outer = limit;
  limit = rows;
  try {
    return f();
  } finally {
    limit = outer;
  }
}

export const rowsAtOnce = (): number => limit;
