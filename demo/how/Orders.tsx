import { count } from '../ui/format.ts';
import type { HowFacts } from '../worker/api.ts';

/** Candidate orders with their costs, the chosen one marked. */
export function Orders({ facts }: { facts: HowFacts }) {
  const decision = facts.explanation.jacobians[0];
  const candidates = decision?.candidates ?? [];
  const most = Math.max(1, ...candidates.map((c) => c.flops));
  const used = facts.mode === 'auto' ? decision?.order : facts.mode;
  return (
    <section class="card">
      <h3>Candidate orders</h3>
      <table class="orders">
        <thead>
          <tr>
            <th scope="col">order</th>
            <th scope="col" class="number">
              FLOPs
            </th>
            <th scope="col" aria-label="compared" />
          </tr>
        </thead>
        <tbody>
          {candidates.map(({ order, flops }) => (
            <tr key={order} class={order === used ? 'used' : ''}>
              <td>
                {order}
                {order === decision?.order && <span class="tag">cheapest</span>}
                {order === used && <span class="tag now">in use</span>}
              </td>
              <td class="number">{count(flops)}</td>
              <td class="meter">
                <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={(100 * flops) / most} height="8" rx="2" />
                </svg>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {candidates.length === 0 && <p class="dim">{decision?.reason ?? 'One pass for each row.'}</p>}
    </section>
  );
}
