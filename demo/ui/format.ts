/** A number in a few characters, with a real minus. */
export function short(v: number, digits = 3): string {
  if (!Number.isFinite(v)) return String(v);
  const size = Math.abs(v);
  const text =
    size === 0
      ? '0'
      : size >= 1e5 || size < 1e-3
        ? v.toExponential(digits - 1)
        : v.toPrecision(Math.max(digits, Math.ceil(Math.log10(size + 1))));
  return text.replaceAll('-', '−');
}

export const milliseconds = (ms: number): string =>
  ms < 1
    ? `${(1000 * ms).toFixed(0)} µs`
    : ms < 100
      ? `${ms.toFixed(1)} ms`
      : `${ms.toFixed(0)} ms`;

export function count(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toPrecision(3)} G`;
  if (n >= 1e6) return `${(n / 1e6).toPrecision(3)} M`;
  if (n >= 1e4) return `${(n / 1e3).toPrecision(3)} k`;
  return String(Math.round(n));
}

export const bytes = (n: number): string =>
  n >= 1 << 20 ? `${(n / (1 << 20)).toFixed(1)} MiB` : `${(n / 1024).toFixed(1)} KiB`;

export const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));
