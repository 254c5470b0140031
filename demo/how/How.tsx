import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren, ComponentType } from 'preact';
import { urlField } from '../app/state.ts';
import type { Mode, Subject } from '../worker/api.ts';
import type { DetailsProps } from './Details.tsx';

const open = urlField('how', '');

/** "How it was computed", closed until someone asks: its parts are loaded then. */
export function How({
  children,
  ...props
}: {
  readonly subject: Subject;
  readonly x: Float32Array;
  readonly mode: Mode;
  /** a switch of its own, where the panel has none above */
  readonly children?: ComponentChildren;
}) {
  const [Details, setDetails] = useState<ComponentType<DetailsProps> | null>(null);
  const asked = useRef(false);
  const isOpen = open.value === 'open';
  useEffect(() => {
    if (!isOpen || asked.current) return;
    asked.current = true;
    void import('./Details.tsx').then((m) => setDetails(() => m.Details));
  }, [isOpen]);
  return (
    <details
      class="how"
      open={isOpen}
      onToggle={(e) => (open.value = e.currentTarget.open ? 'open' : '')}
    >
      <summary>How it was computed</summary>
      {isOpen && children}
      {isOpen && (Details ? <Details {...props} /> : <p class="loading">Loading …</p>)}
    </details>
  );
}
