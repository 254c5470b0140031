import { expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { DemoPage } from '../support/page.ts';

test('every contestant runs, with its error against float64', async () => {
  await commands.consoleErrors();
  const page = await DemoPage.open('race?on=pendulum');
  (await page.one('.primary')).click();
  await page.done('race');
  const errors = page.all('[data-error]').map((e) => Number(e.dataset.error));
  expect(errors).toHaveLength(5);
  for (const error of errors.slice(0, 4)) expect(error).toBeLessThan(2e-6);
  expect(errors[4]).toBeLessThan(1e-2);
  expect(errors[4]).toBeGreaterThan(Math.max(...errors.slice(0, 4)));
  expect(page.all('.refused').length).toBe(2);
  await page.one('.race .plot rect');
  expect(page.all('[role=alert]')).toEqual([]);
  expect(await commands.consoleErrors()).toEqual([]);
});
