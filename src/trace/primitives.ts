/** The ops that tensor functions are made of. Their axes count from the end: -1 is the last. */
export * from '../ops/contract.ts';
export * from '../ops/elementwise/arithmetic.ts';
export * from '../ops/elementwise/compare.ts';
export * from '../ops/elementwise/exponential.ts';
export * from '../ops/elementwise/rounding.ts';
export * from '../ops/elementwise/special.ts';
export * from '../ops/elementwise/trigonometric.ts';
export * from '../ops/general/extremum.ts';
export * from '../ops/linear/diagonal.ts';
export * from '../ops/linear/gather.ts';
export * from '../ops/linear/layout.ts';
export * from '../ops/linear/scan.ts';
export * from '../ops/linear/slice.ts';
export * from '../ops/linear/window.ts';
export * from '../ops/source.ts';
export * from '../ops/stop.ts';
