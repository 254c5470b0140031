import type { Scenarios } from '../scenario.ts';
import { aux } from './aux.ts';
import { composition } from './composition.ts';
import { custom } from './custom.ts';
import { edges } from './edges.ts';
import { errors } from './errors.ts';
import { products } from './products.ts';
import { shape } from './shape.ts';
import { zero } from './zero.ts';

/**
 * What the test suites of PyTorch and JAX check of their Jacobians, in the sections of
 * docs/behaviours.md. The part of a title before the colon names their test.
 */
export const behaviours: Scenarios = {
  'A. Shape and structure of the result': shape,
  'B. Zero and unrelated derivatives': zero,
  'C. Errors': errors,
  'D. Auxiliary and non-differentiated data': aux,
  'E. Products, linearisation, consistency': products,
  'F. Batching, chunking, composition': composition,
  'G. Edge values, rules, models': [...edges, ...custom],
};
