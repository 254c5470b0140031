import { effect, signal, type Signal } from '@preact/signals';

/** What the URL says after `#`: `tab?name=value&...`. */
function readUrl(): { tab: string; values: URLSearchParams } {
  const [tab = '', query = ''] = location.hash.slice(1).split('?', 2);
  return { tab, values: new URLSearchParams(query) };
}

export const tabs = [
  { id: 'xray', title: 'X-ray', about: 'what a classifier sees' },
  { id: 'latent', title: 'Latents', about: 'steer a decoder' },
  { id: 'playground', title: 'Playground', about: 'your own formula' },
  { id: 'race', title: 'Race', about: 'on your GPU' },
] as const;
export type TabId = (typeof tabs)[number]['id'];

const isTab = (id: string): id is TabId => tabs.some((t) => t.id === id);

const start = readUrl();
export const tab = signal<TabId>(isTab(start.tab) ? start.tab : 'xray');

const fields = new Map<string, { field: Signal<string>; normal: string }>();

/** What the URL says for fields of panels that are not loaded yet. */
let given = start.values;

/** Counts the fields, so that whoever goes through them hears of new ones. */
const known = signal(0);

/** A string that is kept in the URL under this name, unless it is what it normally is. */
export function urlField(name: string, normal: string): Signal<string> {
  let entry = fields.get(name);
  if (!entry) {
    entry = { field: signal(given.get(name) ?? normal), normal };
    fields.set(name, entry);
    known.value++;
  }
  return entry.field;
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Keeps the URL in step with the state, and the state with the URL. */
export function followUrl(): void {
  effect(() => {
    const values = new URLSearchParams(known.value >= 0 ? given : undefined);
    for (const [name, { field, normal }] of fields)
      if (field.value !== normal) values.set(name, field.value);
      else values.delete(name);
    const query = values.toString();
    const hash = `#${tab.value}${query && `?${query}`}`;
    const before = location.hash;
    clearTimeout(timer);
    timer = setTimeout(() => {
      // an address that was entered meanwhile is newer than this state
      if (location.hash === before && before !== hash) history.replaceState(null, '', hash);
    }, 150);
  });
  addEventListener('hashchange', () => {
    const { tab: id, values } = readUrl();
    given = values;
    if (isTab(id)) tab.value = id;
    for (const [name, { field, normal }] of fields) field.value = values.get(name) ?? normal;
  });
}
