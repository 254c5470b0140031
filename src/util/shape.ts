import { ShapeError } from './errors.ts';

/** Axis lengths, outermost first. */
export type Shape = readonly number[];

/** Number of elements: the product of the axis lengths. */
export function sizeOf(shape: Shape): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let s = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = s;
    s *= shape[i] as number;
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** `[2,3]`, as in every message. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

/** @throws ShapeError for what is no list of axis lengths */
export function checkShape(shape: unknown, who: string): void {
  if (!Array.isArray(shape))
    throw new ShapeError(
      `${who}: a shape is a list of axis lengths, got ${JSON.stringify(shape)}; write [2, 3]`,
    );
  if (shape.some((d) => !Number.isInteger(d) || d < 0))
    throw new ShapeError(
      `${who}: axis lengths are whole numbers >= 0, got ${formatShape(shape as Shape)}; pass the full shape`,
    );
}

export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
