/** erf x by its power series, 2/√π Σ (-1)^n x^(2n+1)/(n! (2n+1)), for |x| <= 1. */
function series(x: number): number {
  let power = x;
  let sum = x;
  for (let n = 1; Math.abs(power) > 1e-18 * Math.abs(sum); n++) {
    power *= (-x * x) / n;
    sum += power / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** e^(x²) erfc x by Laplace's continued fraction, 1/√π · 1/(x + ½/(x + 1/(x + 3/2/...))), for x >= 1. */
function fraction(x: number): number {
  let tail = x;
  for (let n = 400; n > 0; n--) tail = x + n / 2 / tail;
  return 1 / Math.sqrt(Math.PI) / tail;
}

/** erfc x in float64, to a relative 1e-14 also where it is tiny. */
export function erfc(x: number): number {
  if (x < -1) return 2 - erfc(-x);
  if (x <= 1) return 1 - series(x);
  return x > 40 ? 0 : Math.exp(-x * x) * fraction(x);
}

/** erf x in float64, to a relative 1e-15. */
export function erf(x: number): number {
  return Math.abs(x) <= 1 ? series(x) : Math.sign(x) * (1 - erfc(Math.abs(x)));
}
