import type { Tensor } from '../../src/index.ts';
import { functionOf } from '../playground/language/compile.ts';
import type { Subject } from './api.ts';
import { modelFunction } from './models.ts';

/** The function of a vector that a panel is about; its result is a vector or a scalar. */
export async function resolve(subject: Subject): Promise<(x: Tensor) => Tensor> {
  return subject.kind === 'model'
    ? modelFunction(subject.id, subject.input, subject.output)
    : functionOf(subject.source);
}
