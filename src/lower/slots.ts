/**
 * A shader file is valid WGSL as it stands. Between `// @slot name` and `// @end` stands a default body
 * that lowering replaces.
 */
const SLOT = /^([ \t]*)\/\/ @slot (\w+)[^\n]*\n([\s\S]*?)^[ \t]*\/\/ @end[ \t]*\n/gm;

/** The names of the slots of a shader file, in order. */
export function slotsOf(file: string): string[] {
  return [...file.matchAll(SLOT)].map((m) => m[2] as string);
}

/**
 * `file` with the bodies of its slots replaced; slots not named keep their default.
 *
 * @throws Error for a name that is no slot of the file: a fault of the lowering
 */
export function fillSlots(file: string, bodies: Readonly<Record<string, string>>): string {
  const known = new Set(slotsOf(file));
  for (const name of Object.keys(bodies))
    if (!known.has(name))
      throw new Error(`shader has no slot "${name}"; it has ${[...known].join(', ')}`);
  return file.replace(SLOT, (_, indent: string, name: string, body: string) => {
    const text = bodies[name];
    if (text === undefined) return body;
    return text === ''
      ? ''
      : text
          .split('\n')
          .map((line) => (line ? indent + line : line))
          .join('\n') + '\n';
  });
}

export const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
