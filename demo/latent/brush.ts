/** Wanted change of pixels around one: a soft spot. */
export function brush(at: number, size: number, amount: number): Map<number, number> {
  const change = new Map<number, number>();
  const [x, y] = [at % size, Math.floor(at / size)];
  for (let dy = -3; dy <= 3; dy++)
    for (let dx = -3; dx <= 3; dx++) {
      const [u, v] = [x + dx, y + dy];
      if (u < 0 || v < 0 || u >= size || v >= size) continue;
      change.set(v * size + u, amount * Math.exp(-(dx * dx + dy * dy) / 3));
    }
  return change;
}
