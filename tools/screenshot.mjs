// node tools/screenshot.mjs FOLDER [NAME]...: pictures of the built page, every panel in light and dark
// and as wide as a phone; with names, only those. Says what the page printed to its console.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { preview } from 'vite';
import { chromiumLaunch } from './gpu-env.mjs';

const [folder = 'screenshots', ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

/**
 * What to open, and what to wait for: a selector.
 *
 * @type {Record<string, { hash: string, ready: string, dark?: boolean, width?: number, noGpu?: boolean, act?: (page: import('playwright').Page) => Promise<void> }>}
 */
const shots = {
  'xray-light': { hash: '#xray', ready: '.xray[data-done=yes]', act: hoverMap },
  'xray-dark': {
    hash: '#xray?model=cnn&digit=2',
    ready: '.xray[data-done=yes]',
    dark: true,
    act: hoverMap,
  },
  'xray-phone': { hash: '#xray?digit=4', ready: '.xray[data-done=yes]', width: 390 },
  'how-light': { hash: '#xray?how=open', ready: '.graph', act: openKernel },
  'how-dark': {
    hash: '#xray?how=open&order=forward',
    ready: '.graph',
    dark: true,
    act: openKernel,
  },
  'how-phone': { hash: '#xray?how=open', ready: '.graph', width: 390 },
  'latent-light': { hash: '#latent', ready: '.latent[data-done=yes]' },
  'latent-dark': { hash: '#latent', ready: '.latent[data-done=yes]', dark: true },
  'how-mixed': {
    hash: '#playground?example=autoencoder&how=open',
    ready: '.graph',
    act: openKernel,
  },
  'latent-rows': {
    hash: '#latent?order=rows&how=open',
    ready: '.latent[data-done=yes] ~ .how .graph',
    dark: true,
  },
  'latent-phone': { hash: '#latent', ready: '.latent[data-done=yes]', width: 390 },
  'playground-light': { hash: '#playground', ready: '.playground[data-done=yes]', act: hoverCell },
  'playground-dark': {
    hash: '#playground?example=rosenbrock',
    ready: '.playground[data-done=yes]',
    dark: true,
    act: hoverCell,
  },
  'playground-wrong': {
    hash: '#playground?f=y%20%3D%20sin(x)%0Ay%20%2B%20zz&x=1,2',
    ready: '.cm-lintRange-error',
  },
  'playground-phone': {
    hash: '#playground?example=double-pendulum',
    ready: '.playground[data-done=yes]',
    width: 390,
  },
  'race-light': { hash: '#race?run=now', ready: '.race[data-done=yes]' },
  'race-dark': { hash: '#race?run=now', ready: '.race[data-done=yes]', dark: true },
  'race-phone': { hash: '#race?run=now', ready: '.race[data-done=yes]', width: 390 },
  'no-gpu-light': { hash: '', ready: '.xray[data-done=yes]', noGpu: true },
  'no-gpu-phone': { hash: '', ready: '.xray[data-done=yes]', noGpu: true, width: 390 },
  'no-gpu-dark': { hash: '', ready: '.xray[data-done=yes]', noGpu: true, dark: true },
};

/** @param {import('playwright').Page} page */
async function hoverMap(page) {
  await page.locator('.class.best canvas').hover({ position: { x: 55, y: 60 } });
}
/** @param {import('playwright').Page} page */
async function openKernel(page) {
  await page.waitForFunction(() => document.querySelectorAll('.details .plot circle').length >= 4);
  await page.locator('.kernels .list button').first().click();
  await page.waitForSelector('.wgsl .t-comment, .wgsl .t-keyword');
}
/** @param {import('playwright').Page} page */
async function hoverCell(page) {
  await page
    .locator('.heat canvas')
    .first()
    .hover({ position: { x: 60, y: 20 } });
}

const server = await preview({
  configFile: 'demo/vite.config.ts',
  preview: { port: 4180, host: 'localhost' },
});
const address = server.resolvedUrls?.local[0] ?? 'http://localhost:4180/';
const browser = await chromium.launch(chromiumLaunch(chromium.executablePath()));
for (const [name, { hash, ready, dark, width = 1280, noGpu, act }] of Object.entries(shots)) {
  if (only.length && !only.some((o) => name.startsWith(o))) continue;
  const page = await browser.newPage({
    viewport: { width, height: 860 },
    colorScheme: dark ? 'dark' : 'light',
    deviceScaleFactor: width < 500 ? 2 : 1,
  });
  page.on('console', (m) => console.log(`[${name}] ${m.type()}: ${m.text()}`));
  page.on('pageerror', (e) => console.log(`[${name}] error: ${e.message}`));
  if (noGpu)
    await page.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined });
    });
  try {
    await page.goto(address + hash);
    await page.waitForSelector(ready, { timeout: 60_000 });
    await act?.(page);
    // parts beyond the window may not be painted yet when a picture is taken of all
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ width, height: Math.max(860, height) });
    await page.waitForTimeout(700);
  } catch (e) {
    console.log(`[${name}] ${String(e).split('\n')[0]}`);
  }
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  console.log(name);
  await page.close();
}
await browser.close();
await server.close();
