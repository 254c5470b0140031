import type { Token } from 'prismjs';
import { useEffect, useState } from 'preact/hooks';

type Part = string | Token;

/** Prism with WGSL; it must not look for code on the page by itself. */
async function load(): Promise<(code: string) => Part[]> {
  Object.assign(globalThis, { Prism: { manual: true } });
  const { default: Prism } = await import('prismjs');
  // @ts-expect-error -- the file has no types: it adds the language to the global Prism
  await import('prismjs/components/prism-wgsl.js');
  return (code) => Prism.tokenize(code, Prism.languages.wgsl ?? {});
}

function show(part: Part, i: number): preact.ComponentChild {
  if (typeof part === 'string') return part;
  const inside = part.content;
  const children =
    typeof inside === 'string' ? inside : (Array.isArray(inside) ? inside : [inside]).map(show);
  return (
    <span key={i} class={`t-${part.type}`}>
      {children}
    </span>
  );
}

/** A shader with its syntax in colour. */
export function Wgsl({ code }: { code: string }) {
  const [parts, setParts] = useState<Part[]>([code]);
  useEffect(() => {
    let gone = false;
    setParts([code]);
    void load().then((tokenize) => !gone && setParts(tokenize(code)));
    return () => void (gone = true);
  }, [code]);
  return (
    <pre class="wgsl" tabIndex={0}>
      <code>{parts.map(show)}</code>
    </pre>
  );
}
