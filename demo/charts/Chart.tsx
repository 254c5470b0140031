import type { PlotOptions } from '@observablehq/plot';
import { useEffect, useRef } from 'preact/hooks';
import { isDark } from '../app/theme.ts';

type Plot = typeof import('@observablehq/plot');

interface Props {
  readonly label: string;
  /** options from the library, which is loaded with the first chart */
  readonly options: (plot: Plot, width: number) => PlotOptions;
  /** what the options depend on */
  readonly data: unknown;
}

/** A chart by Observable Plot, as wide as its place. */
export function Chart({ label, options, data }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const dark = isDark.value;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let gone = false;
    let plot: Plot | undefined;
    const draw = (): void => {
      if (!plot || gone || element.clientWidth === 0) return;
      const figure = plot.plot({
        width: element.clientWidth,
        className: 'plot',
        ariaLabel: label,
        ...options(plot, element.clientWidth),
      });
      // its style element is not what the page's policy allows; style.css has the same rules
      figure.querySelectorAll('style').forEach((s) => s.remove());
      element.replaceChildren(figure);
    };
    void import('@observablehq/plot').then((loaded) => {
      plot = loaded;
      draw();
    });
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => {
      gone = true;
      observer.disconnect();
    };
  }, [data, dark]);
  return <div class="chart" ref={place} />;
}
