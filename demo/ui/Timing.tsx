import type { JacobianResult } from '../worker/api.ts';
import { milliseconds } from './format.ts';

/** What the last result took. */
export function Timing({ result, size }: { result: JacobianResult | null; size?: string }) {
  return (
    <p class="timing" role="status">
      {result ? (
        <>
          <b>{milliseconds(result.milliseconds)}</b> for {size ?? 'value and Jacobian'}
          <span class="dim"> · {result.submissions} submissions, reads included</span>
        </>
      ) : (
        'Preparing the GPU …'
      )}
    </p>
  );
}
