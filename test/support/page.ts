import { vi } from 'vitest';

/** The demo page in a frame, as a visitor has it. */
export class DemoPage {
  private constructor(readonly frame: HTMLIFrameElement) {}

  /** Opens the page at `#hash`; waits until it has decided what to show. */
  static async open(hash: string, { gpu = true, width = 1200 } = {}): Promise<DemoPage> {
    document.querySelectorAll('iframe').forEach((f) => f.remove());
    const frame = document.createElement('iframe');
    frame.width = String(width);
    frame.height = '900';
    frame.src = `/demo/index.html#${hash}`;
    document.body.append(frame);
    const page = new DemoPage(frame);
    await page.#prepare(gpu);
    await page.until(() => ['ready', 'no-gpu'].includes(page.document.body?.dataset.state ?? ''));
    return page;
  }

  /** Sets the window up as soon as it is the page's, long before its modules have arrived. */
  async #prepare(gpu: boolean): Promise<void> {
    while (!this.window.location.href.includes('/demo/'))
      await new Promise((resolve) => setTimeout(resolve, 1));
    // Vitest rewrites dynamic imports of all that it serves into calls of this
    Object.assign(this.window, {
      __vitest_browser_runner__: { wrapDynamicImport: (load: () => unknown) => load() },
    });
    if (!gpu) Object.defineProperty(this.window.navigator, 'gpu', { value: undefined });
  }

  get document(): Document {
    return this.frame.contentDocument as Document;
  }

  get window(): Window & typeof globalThis {
    return this.frame.contentWindow as Window & typeof globalThis;
  }

  until(condition: () => unknown): Promise<unknown> {
    return vi.waitUntil(condition, { timeout: 50_000, interval: 40 });
  }

  all<T extends Element = HTMLElement>(selector: string): T[] {
    return Array.from(this.document.querySelectorAll<T>(selector));
  }

  /** The first element that matches, waited for. */
  async one<T extends Element = HTMLElement>(selector: string): Promise<T> {
    await this.until(() => this.document.querySelector(selector));
    return this.document.querySelector<T>(selector) as T;
  }

  /** Waits until the panel `.name` shows what belongs to its inputs. */
  async done(name: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 60));
    await this.one(`.${name}[data-done=yes]`);
  }

  text(selector: string): string {
    return this.document.querySelector(selector)?.textContent ?? '';
  }

  /** A pointer event at a place of an element, in parts of its width and height. */
  point(element: Element, type: string, x: number, y: number, more: PointerEventInit = {}): void {
    const box = element.getBoundingClientRect();
    const { PointerEvent } = this.window;
    element.dispatchEvent(
      new PointerEvent(type, {
        bubbles: true,
        pointerId: 1,
        clientX: box.left + x * box.width,
        clientY: box.top + y * box.height,
        ...more,
      }),
    );
  }

  /** Drops a file on the page. */
  drop(name: string, bytes: BlobPart): void {
    const { DataTransfer, DragEvent, File } = this.window;
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name));
    this.document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, dataTransfer }));
  }

  /** Chooses the order with this title. */
  async order(mode: string): Promise<void> {
    (await this.one<HTMLInputElement>(`input[name=mode][value=${mode}]`)).click();
  }

  /** Goes to another `#hash`. */
  go(hash: string): void {
    this.window.location.hash = hash;
  }
}

/** A number as the page writes it. */
export const shownNumber = (text: string | null | undefined): number =>
  Number((text ?? '').replaceAll('−', '-'));
