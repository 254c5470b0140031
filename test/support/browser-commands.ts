import type { BrowserCommand } from 'vitest/node';

declare module 'vitest/browser' {
  interface BrowserCommands {
    /** Errors on the console since the last call; the first call starts to listen. */
    consoleErrors: () => Promise<string[]>;
    /** Requests for addresses like this wait. */
    holdBack: (pattern: string) => Promise<void>;
    /** What was held back goes on. */
    letGo: () => Promise<void>;
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

let release: (() => void)[] = [];

export const holdBack: BrowserCommand<[string]> = async ({ page }, pattern): Promise<void> => {
  const gate = new Promise<void>((resolve) => release.push(resolve));
  await page.context().route(pattern, async (route) => {
    await gate;
    await route.continue();
  });
};

// the routes stay, open: requests that are on their way when a route goes may never end
export const letGo: BrowserCommand<[]> = (): void => {
  for (const open of release) open();
  release = [];
};
