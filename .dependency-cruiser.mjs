// The rooms of src/ and what each may import. `npm test` refuses anything else, and import cycles.
//
// Data walks through the rooms in one direction, trace -> derive -> plan -> lower -> run, and they
// meet in src/compile.ts alone. A file that gives rooms a word in common is named by its path, and
// may be imported for its types only.

/** @type {Record<string, { may: string[], types?: string[] }>} */
const rooms = {
  'src/util/': { may: [] },
  'src/ir/': { may: ['src/util/'] },
  'src/ops/': { may: ['src/ir/', 'src/util/'] },
  'src/trace/': { may: ['src/ops/', 'src/ir/', 'src/util/'] },
  'src/derive/': { may: ['src/ops/', 'src/ir/', 'src/util/'] },
  'src/plan/': { may: ['src/ops/', 'src/ir/', 'src/util/'] },
  'src/lower/': { may: ['shaders/', 'src/ops/', 'src/ir/', 'src/util/'], types: ['src/plan/'] },
  'src/run/': { may: ['src/util/'], types: ['src/lower/program.ts'] },
  'src/reference/': { may: ['src/ops/', 'src/ir/', 'src/util/'] },
  'src/formats/': { may: ['src/trace/', 'src/util/'] },
  'src/cli/': { may: ['src/index.ts', 'src/node.ts', 'src/onnx.ts', 'src/formats/'] },
  'demo/': { may: ['src/index.ts', 'src/onnx.ts', 'src/formats.ts'] },
  'examples/': { may: ['src/index.ts'] },
  'bench/': { may: ['src/index.ts', 'src/node.ts'] },
};

/** @param {string} path */
const startsWith = (path) => `^${path.replaceAll('.', '\\.')}`;

/**
 * @param {string} room
 * @param {{ may: string[], types?: string[] }} allowed
 */
function rulesOf(room, { may, types = [] }) {
  const home = [room, ...may].map(startsWith);
  const ours = '^(src|shaders|demo|bench|examples|test|tools)/';
  const name = room.replace('src/', '').slice(0, -1);
  const rule = (/** @type {string} */ suffix, /** @type {object} */ to) => ({
    name: `${name}${suffix}`,
    severity: /** @type {const} */ ('error'),
    comment: `${room} may import ${may.join(' ') || 'nothing'}${types.length ? `, and the types of ${types.join(' ')}` : ''}`,
    from: { path: startsWith(room) },
    to,
  });
  return [
    rule('', { path: ours, pathNot: [...home, ...types.map(startsWith)] }),
    ...types.map((path) =>
      rule('-types', { path: startsWith(path), dependencyTypesNot: ['type-only'] }),
    ),
  ];
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(rooms).flatMap(([room, allowed]) => rulesOf(room, allowed)),
    {
      name: 'no-cycles',
      severity: 'error',
      comment:
        'files that import each other cannot be read one after the other (types of one room that speak of each other may)',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'known-rooms',
      severity: 'error',
      comment: 'a file of src/ is in a room, or is one of the few at the top, where rooms meet',
      from: {
        path: '^src/',
        pathNot: [...Object.keys(rooms).map(startsWith), '^src/[^/]+$'],
      },
      to: {},
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'an import that leads nowhere',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/|^bench/results/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
