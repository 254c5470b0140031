import { milliseconds } from './format.ts';

/** What the last result took. */
export function Timing({
  result,
  size,
  waiting = 'Preparing the GPU …',
}: {
  readonly result: { readonly milliseconds: number; readonly submissions: number } | null;
  readonly size?: string;
  /** what is said while there is no result */
  readonly waiting?: string;
}) {
  return (
    <p class="timing" role="status">
      {result ? (
        <>
          <b>{milliseconds(result.milliseconds)}</b> for {size ?? 'value and Jacobian'}
          <span class="dim">
            {' '}
            · {result.submissions.toLocaleString('en')} submissions, reads included
          </span>
        </>
      ) : (
        waiting
      )}
    </p>
  );
}
