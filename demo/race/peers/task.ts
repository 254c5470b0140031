import type { Parameters } from '../../worker/api.ts';
import type { CourseId } from '../courses.ts';

/** What a library is to do: the Jacobian, `[outputs, inputs]`, of the function of this course. */
export interface Task {
  readonly course: CourseId;
  readonly x: Float32Array;
  readonly outputs: number;
  /** of the course's model; none for a formula */
  readonly parameters: Parameters;
}

/** A task made ready. */
export interface Ready {
  /** in which way the library does it */
  readonly way: string;
  /** from the input on the host to the Jacobian on the host */
  readonly run: () => Promise<Float32Array>;
}

/** A library that can be raced, loaded when it is asked for. */
export type Prepare = (task: Task) => Promise<Ready>;
