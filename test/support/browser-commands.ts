import type { BrowserCommand } from 'vitest/node';

declare module 'vitest/browser' {
  interface BrowserCommands {
    /** Errors on the console since the last call; the first call starts to listen. */
    consoleErrors: () => Promise<string[]>;
  }
}

const heard = new WeakMap<object, string[]>();

export const consoleErrors: BrowserCommand<[]> = ({ page }): string[] => {
  let list = heard.get(page);
  if (!list) {
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    heard.set(page, errors);
    list = errors;
  }
  return list.splice(0);
};
