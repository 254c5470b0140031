import type { Signal } from '@preact/signals';
import type { Mode } from '../worker/api.ts';

const modes: readonly { id: Mode; title: string; about: string }[] = [
  { id: 'auto', title: 'auto', about: 'the cheapest order, chosen for you' },
  { id: 'reverse', title: 'reverse', about: 'every output pulled back, all at once' },
  { id: 'forward', title: 'forward', about: 'every input pushed forward, all at once' },
  { id: 'rows', title: 'row by row', about: 'one backward pass after another' },
];

export const asMode = (text: string): Mode => modes.find((m) => m.id === text)?.id ?? 'auto';

/** How the Jacobian is accumulated: the switch that lets the difference be felt. */
export function Modes({ value }: { value: Signal<string> }) {
  const now = asMode(value.value);
  return (
    <fieldset class="switch">
      <legend>Order</legend>
      {modes.map(({ id, title, about }) => (
        <label key={id} title={about} class={id === now ? 'on' : ''}>
          <input
            type="radio"
            name="mode"
            value={id}
            checked={id === now}
            onChange={() => (value.value = id)}
          />
          {title}
        </label>
      ))}
    </fieldset>
  );
}
