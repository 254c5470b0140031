import type { Scenarios } from '../scenario.ts';
import { agreement } from './agreement.ts';
import { badInput } from './bad-input.ts';
import { nesting } from './nesting.ts';
import { operators } from './operators.ts';
import { zeroTimesInfinity } from './zero-times-infinity.ts';

/** By heading. */
export const scenarios: Scenarios = {
  'jacrev, jacfwd and jacobian agree with differences': agreement,
  'transforms nest': nesting,
  'operators and the (y, x) forms': operators,
  '0 times infinity never appears': zeroTimesInfinity,
  'bad input': badInput,
};
