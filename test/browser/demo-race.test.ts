import { afterEach, beforeEach, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { DemoPage } from '../support/page.ts';

let page: DemoPage;
beforeEach(async () => void (await commands.consoleErrors()));
afterEach(async () => {
  expect(page.all('[role=alert]')).toEqual([]);
  expect(await commands.consoleErrors()).toEqual([]);
});

/** What the table says: the error of each contestant by the beginning of its name. */
function errors(): Record<string, number> {
  const rows = page.all('.standings tbody tr').map((row): [string, number] => {
    const name = row.querySelector('td')?.firstChild?.textContent ?? '';
    const error = row.querySelector<HTMLElement>('[data-error]')?.dataset.error;
    return [name.replace(/ [\d.]+$/, ''), Number(error)];
  });
  return Object.fromEntries(rows);
}

/** Errors that rounding to single precision allows, for what computes exact derivatives. */
const exact = ['Cotangent', 'Cotangent, reverse', 'Cotangent, forward', 'row by row'];

test('every contestant runs, the other libraries too, each with its error against float64', async () => {
  page = await DemoPage.open('race?on=pendulum');
  (await page.one('.primary')).click();
  await page.done('race');
  const found = errors();
  expect(Object.keys(found)).toEqual([...exact, 'finite differences', 'TensorFlow.js', 'jax-js']);
  for (const name of exact) expect(found[name]).toBeLessThan(2e-6);
  // their sines are those of the device
  for (const name of ['TensorFlow.js', 'jax-js']) expect(found[name]).toBeLessThan(1e-3);
  expect(found['finite differences']).toBeLessThan(1e-2);
  expect(page.all('.refused')).toEqual([]);
  await page.until(() => page.all('.race .plot rect').length === 7);
});

test('on a model the libraries compute the same Jacobian', async () => {
  page = await DemoPage.open('race?on=mlp');
  (await page.one('.primary')).click();
  await page.done('race');
  const found = errors();
  for (const name of [...exact, 'TensorFlow.js', 'jax-js'])
    expect(found[name], name).toBeLessThan(2e-6);
});

test('another course stops the race; what it still brings is not shown', async () => {
  page = await DemoPage.open('race?on=decoder');
  (await page.one('.primary')).click();
  await page.until(() => page.text('.standings').includes('ms'));
  page.go('race?on=pendulum');
  await page.until(() => page.text('.primary') === 'Run the race');
  await page.until(() => !page.text('.standings').includes('ms'));
  (await page.one('.primary')).click();
  await page.done('race');
  for (const name of exact) expect(errors()[name]).toBeLessThan(2e-6);
});

test('explains itself, with the switch', async () => {
  page = await DemoPage.open('race?on=pendulum&how=open');
  await page.one('.details[data-mode=auto] .graph');
  await page.order('forward');
  await page.one('.details[data-mode=forward] .graph');
});

test('fits a phone', async () => {
  page = await DemoPage.open('race?on=pendulum', { width: 390 });
  (await page.one('.primary')).click();
  await page.done('race');
  await page.one('.race .plot rect');
  expect(page.document.documentElement.scrollWidth).toBeLessThanOrEqual(390);
});
