import { examples } from '../examples/index.ts';
import type { Subject } from '../worker/api.ts';
import { loadDigits } from '../xray/digits.ts';

/** A function to race on. */
export interface Course {
  readonly title: string;
  readonly subject: Subject;
  readonly input: () => Promise<Float32Array>;
}

const digit = async (): Promise<Float32Array> => (await loadDigits())[0] as Float32Array;

/**
 * A digit on paper that is not quite white. On a flat ground many maxima of the pooling layers are ties, for
 * which libraries take different derivatives; where they agree on the function, they should be compared.
 */
const grainyDigit = async (): Promise<Float32Array> =>
  (await digit()).map((v, i) => v + 0.05 * Math.abs(Math.sin(12.9898 * i ** 1.3)));
const pendulum = examples['double-pendulum'];

/** The courses by the name that a URL uses. */
export const courses = {
  decoder: {
    title: 'Decoder, 16 latents to 784 pixels',
    subject: { kind: 'model', id: 'decoder' },
    input: () => Promise.resolve(Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + 1))),
  },
  mlp: {
    title: 'Dense classifier, 784 pixels to 10 scores',
    subject: { kind: 'model', id: 'mlp' },
    input: digit,
  },
  cnn: {
    title: 'Convolutional classifier, 784 pixels to 10 scores',
    subject: { kind: 'model', id: 'cnn' },
    input: grainyDigit,
  },
  pendulum: {
    title: 'Double pendulum, 4 to 4',
    subject: { kind: 'expression', source: pendulum?.source ?? 'x' },
    input: () => Promise.resolve(Float32Array.from(pendulum?.inputs ?? [1])),
  },
} as const satisfies Readonly<Record<string, Course>>;

export type CourseId = keyof typeof courses;

export const asCourse = (id: string): CourseId =>
  Object.hasOwn(courses, id) ? (id as CourseId) : 'decoder';
