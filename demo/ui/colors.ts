type Rgb = readonly [number, number, number];

const negative: Rgb = [37, 99, 235];
const positive: Rgb = [220, 38, 38];
const zero: Record<'light' | 'dark', Rgb> = { light: [255, 255, 255], dark: [17, 20, 26] };
const full: Record<'light' | 'dark', readonly [Rgb, Rgb]> = {
  light: [negative, positive],
  dark: [
    [96, 165, 250],
    [255, 107, 107],
  ],
};

/** Blue below zero, the page's ground at zero, red above. @param part value / scale, from -1 to 1 */
export function diverging(part: number, dark: boolean): Rgb {
  const theme = dark ? 'dark' : 'light';
  const ground = zero[theme];
  if (Number.isNaN(part)) return [128, 128, 128];
  const end = full[theme][part < 0 ? 0 : 1];
  const t = Math.min(1, Math.abs(part)) ** 0.75;
  return ground.map((g, i) => Math.round(g + t * ((end[i] as number) - g))) as unknown as Rgb;
}

export const css = ([r, g, b]: Rgb): string => `rgb(${r} ${g} ${b})`;

/** Largest magnitude; 1 for nothing but zeros. */
export function scaleOf(data: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < data.length; i++) most = Math.max(most, Math.abs(data[i] as number) || 0);
  return most || 1;
}
