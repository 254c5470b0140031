/** 12 as ₁₂ */
export const subscript = (n: number): string =>
  String(n).replace(/\d/g, (d) => String.fromCharCode(0x2080 + Number(d)));
