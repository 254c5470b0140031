import { effect, signal } from '@preact/signals';

const dark = matchMedia('(prefers-color-scheme: dark)');

const wish = new URLSearchParams(location.search).get('theme');

/** Whether the page is dark: as the visitor's system, until the button says otherwise. */
export const isDark = signal(wish ? wish === 'dark' : dark.matches);

export function followTheme(): void {
  if (!wish) dark.addEventListener('change', () => (isDark.value = dark.matches));
  effect(() => {
    document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light';
  });
}
