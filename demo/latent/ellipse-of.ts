/** Half axes and angle (in degrees, of the longer one) of v ↦ vᵀ [[a, b], [b, c]] v = 1. */
export function ellipseOf(a: number, b: number, c: number) {
  const mean = (a + c) / 2;
  const spread = Math.hypot((a - c) / 2, b);
  const least = Math.max(mean - spread, 1e-9);
  return {
    long: 1 / Math.sqrt(least),
    short: 1 / Math.sqrt(Math.max(mean + spread, 1e-9)),
    angle: (Math.atan2(least - a, b) * 180) / Math.PI,
  };
}
