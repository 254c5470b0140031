/** Float64 special functions that JavaScript's Math lacks; the reference the GPU is held against. */

/** log(1 + eˣ) without overflow. */
export function log1pExp(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** log(eᵃ + eᵇ) without overflow; infinities included. */
export function logAddExp(a: number, b: number): number {
  if (a === b) return a + Math.LN2;
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** erf x = 2/√π Σ (-1)ⁿ x²ⁿ⁺¹ / (n! (2n+1)), written with positive terms: 2/√π e^(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!! */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
    if (Math.abs(term) < 1e-18 * Math.abs(sum)) break;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc x = e^(-x²)/√π · 1/(x + ½/(x + 1/(x + 3/2/(x + ...)))) for x > 2 (Laplace's continued fraction). */
function erfcFraction(x: number): number {
  let f = x;
  for (let n = 120; n >= 1; n--) f = x + n / 2 / f;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / f;
}

export function erf64(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) < 2) return erfSeries(x);
  return Math.sign(x) * (1 - erfcFraction(Math.abs(x)));
}

export function erfc64(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x < 2) return 1 - erf64(x);
  return erfcFraction(x);
}
