import icon from '../icon.svg?url';
import { useRef } from 'preact/hooks';
import { tab, tabs } from './state.ts';
import { isDark } from './theme.ts';

/** Name, tabs (arrow keys move between them) and the light switch. */
export function Header({ live }: { live: boolean }) {
  const list = useRef<HTMLDivElement>(null);
  const move = (e: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    const at = tabs.findIndex((t) => t.id === tab.value);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    tab.value = next.id;
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
    e.preventDefault();
  };
  return (
    <header class="top">
      <h1>
        <img src={icon} alt="" width="28" height="28" /> Cotangent
      </h1>
      {live && (
        <div class="tabs" role="tablist" aria-label="Panels" ref={list} onKeyDown={move}>
          {tabs.map(({ id, title, about }) => (
            <button
              key={id}
              id={`tab-${id}`}
              type="button"
              role="tab"
              title={about}
              aria-selected={tab.value === id}
              aria-controls="panel"
              tabIndex={tab.value === id ? 0 : -1}
              onClick={() => (tab.value = id)}
            >
              {title}
            </button>
          ))}
        </div>
      )}
      <button
        type="button"
        class="theme"
        aria-label={isDark.value ? 'Light colours' : 'Dark colours'}
        onClick={() => (isDark.value = !isDark.value)}
      >
        {isDark.value ? '☀' : '☾'}
      </button>
    </header>
  );
}
