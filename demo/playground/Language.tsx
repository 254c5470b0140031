import { functions } from './language/functions.ts';

/** What the language has. */
export function Language() {
  return (
    <details class="language">
      <summary>The language</summary>
      <p>
        Lines <code>name = formula</code>, then a formula that is the result: a number, a vector or
        a list of them. <code>+ - * / ** % @</code>, comparisons for <code>where</code>, entries{' '}
        <code>x[0]</code>, <code>x[1:]</code>, <code>A[0, :2]</code>, lists{' '}
        <code>[i * x[i] for i in range(3)]</code>, <code>pi</code> and <code>e</code>. Reductions
        take <code>axis=0</code>.
      </p>
      <p class="names">
        {[...functions.keys()].map((name) => (
          <code key={name}>{name}</code>
        ))}
      </p>
    </details>
  );
}
