import { afterEach, beforeEach, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { examples } from '../../demo/examples/index.ts';
import { array, evaluate, hessian, valueAndJacobian, type Tensor } from '../../src/index.ts';
import { DemoPage, shownNumber } from '../support/page.ts';

let page: DemoPage;
beforeEach(async () => void (await commands.consoleErrors()));
afterEach(async () => expect(await commands.consoleErrors()).toEqual([]));

const data = (x: unknown): number[] => Array.from((x as { data: Float64Array }).data);

/** Reads every number of a heat map by pointing at it. */
async function readHeat(title: string): Promise<number[]> {
  const heat = page.all('.heat').find((h) => h.textContent?.startsWith(title)) as HTMLElement;
  const canvas = heat.querySelector('canvas') as HTMLCanvasElement;
  const numbers: number[] = [];
  let last = '';
  for (let i = 0; i < canvas.width * canvas.height; i++) {
    const [x, y] = [i % canvas.width, Math.floor(i / canvas.width)];
    page.point(canvas, 'pointermove', (x + 0.5) / canvas.width, (y + 0.5) / canvas.height);
    const output = heat.querySelector('output') as HTMLElement;
    await page.until(() => output.textContent !== last && output.textContent !== '');
    last = output.textContent ?? '';
    numbers.push(shownNumber(last.split('=')[1]));
  }
  return numbers;
}

function expectNear(got: readonly number[], want: readonly number[]): void {
  const scale = Math.max(...want.map(Math.abs));
  expect(got).toHaveLength(want.length);
  got.forEach((v, i) => expect(Math.abs(v - (want[i] as number))).toBeLessThan(2e-5 * scale));
}

/** Opens the playground with this text, as a shared address does. */
async function openText(source: string, x = '0.5, -1'): Promise<void> {
  page = await DemoPage.open(`playground?${new URLSearchParams({ f: source, x }).toString()}`);
}

const content = async (): Promise<HTMLElement> => {
  await page.until(() =>
    page.document.querySelector('.editor')?.shadowRoot?.querySelector('.cm-content'),
  );
  const root = page.document.querySelector('.editor')?.shadowRoot as ShadowRoot;
  return root.querySelector('.cm-content') as HTMLElement;
};

test.each(['double-pendulum', 'rosenbrock', 'softmax'])(
  'the example %s: value, Jacobian and Hessian are those of float64',
  async (id) => {
    const { f, inputs } = examples[id] as (typeof examples)[string];
    page = await DemoPage.open(`playground?example=${id}`);
    await page.done('playground');
    const x = array([...inputs]);
    const [value, J] = evaluate(valueAndJacobian(f), x) as unknown as [unknown, unknown];
    const shown = page.all('.value')[0]?.querySelectorAll('span') ?? [];
    expectNear(
      Array.from(shown, (s) => shownNumber(s.textContent?.split(' ')[1])),
      data(value),
    );
    const scalar = data(value).length === 1;
    expectNear(await readHeat(scalar ? 'Gradient' : 'Jacobian'), data(J));
    if (scalar) {
      const H = evaluate(
        hessian((v: Tensor) => f(v)),
        x,
      );
      expectNear(await readHeat('Hessian'), data(H));
    } else expect(page.all('.heat')).toHaveLength(1);
  },
);

test('a shared address carries text and inputs, and both can be edited', async () => {
  await openText('[x[0] * x[1], sin(x[0])]');
  await page.done('playground');
  expectNear(await readHeat('Jacobian'), [-1, 0.5, Math.cos(0.5), 0]);
  const input = await page.one<HTMLInputElement>('.inputs input[type=text]');
  input.value = '2, 3';
  input.dispatchEvent(new page.window.Event('input', { bubbles: true }));
  await page.done('playground');
  expectNear(await readHeat('Jacobian'), [3, 2, Math.cos(2), 0]);
  await page.until(() => page.window.location.hash.includes('x=2%2C+3'));

  const editor = await content();
  editor.focus();
  page.document.execCommand('selectAll');
  page.document.execCommand('insertText', false, 'x[0] ** 3');
  await page.until(() => page.window.location.hash.includes('f=x'));
  await page.done('playground');
  await page.until(() => page.all('.heat').length === 2);
  expectNear(await readHeat('Hessian'), [12, 0, 0, 0]);
});

test.each([
  ['sin(x[0]) +* 2', 11, 'something is missing before "*"'],
  ['y = x\ny + zz', 10, 'there is no "zz"'],
  ['x[0] ^ 2', 5, 'powers are written **'],
  ['x[7]', 0, 'pick 7 is out of range'],
  ['sum(', 4, 'the text ends here'],
])('a message points at what is wrong in %j', async (source, at, message) => {
  await openText(source);
  const wrong = await page.one('.wrong');
  expect(wrong.textContent).toContain(message);
  expect(Number(wrong.dataset.from)).toBe(at);
  await content();
  await page.until(() =>
    page.document.querySelector('.editor')?.shadowRoot?.querySelector('.cm-lintRange-error'),
  );
});

test('hostile text is text: no script runs, and the page goes on', async () => {
  const hostile = [
    '<img src=x onerror="parent.hacked=1"><script>parent.hacked=1</script>',
    'x.constructor.constructor("return parent.hacked = 1")()',
    '__proto__["polluted"] = 1\nx',
    'constructor("parent.hacked=1")',
    'import("data:text/javascript,parent.hacked=1")',
    '`${parent.hacked=1}`',
    'zeros(99999999999)',
    '[[[x for i in range(256)] for j in range(256)] for k in range(256)]',
    `${'('.repeat(3000)}`,
    'x'.repeat(5000),
  ];
  page = await DemoPage.open('playground');
  for (const source of hostile) {
    page.go('playground?f=x%5B0%5D&x=1');
    await page.done('playground');
    page.go(`playground?${new URLSearchParams({ f: source }).toString()}`);
    await page.one('.wrong');
  }
  expect('hacked' in globalThis).toBe(false);
  expect('polluted' in {}).toBe(false);
  expect(page.document.querySelector('img[src=x]')).toBeNull();
  page.go('playground?f=x%5B0%5D&x=1');
  await page.done('playground');
  expect(page.all('.wrong')).toEqual([]);
});

test('inputs that are not numbers are refused', async () => {
  await openText('x[0]', '1, abc');
  expect((await page.one('.inputs .error')).textContent).toContain('list of 1 to 64 numbers');
});

test('fits a phone', async () => {
  page = await DemoPage.open('playground', { width: 390 });
  await page.done('playground');
  await content();
  expect(page.document.documentElement.scrollWidth).toBeLessThanOrEqual(390);
});
