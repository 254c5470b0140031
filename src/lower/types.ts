import type { DType } from '../util/dtype.ts';

/** WGSL alias of each dtype as a value in a kernel. */
export const VALUE_TYPE: Readonly<Record<DType, string>> = {
  f32: 'F',
  i32: 'I',
  u32: 'U',
  bool: 'B',
};

/** WGSL type of one element in memory: bool is a u32. */
export const MEMORY_TYPE: Readonly<Record<DType, string>> = {
  f32: 'f32',
  i32: 'i32',
  u32: 'u32',
  bool: 'u32',
};

const F32_MAX = 3.4028234663852886e38;

/** WGSL text of a number of a dtype, as a value. */
export function literal(value: number, dtype: DType): string {
  switch (dtype) {
    case 'bool':
      return value !== 0 ? 'B(true)' : 'B(false)';
    case 'i32':
      return `I(${Math.trunc(value)})`.replace('I(-2147483648)', 'I(-2147483647 - 1)');
    case 'u32':
      return `U(${Math.trunc(value) >>> 0}u)`;
    case 'f32': {
      if (Number.isNaN(value)) return 'ct_nan()';
      const v = Math.fround(value);
      if (Math.abs(v) > F32_MAX) return v < 0 ? '(-ct_inf())' : 'ct_inf()';
      const text = String(v);
      return `F(${/[.e]/.test(text) ? text : `${text}.0`})`;
    }
  }
}
