import { posix } from 'node:path';
import ts from 'typescript';

/** Repository path -> source text. */
export type Sources = ReadonlyMap<string, string>;

interface Layer {
  readonly name: string;
  /** A folder, or one file. The longest match decides to which layer a file belongs. */
  readonly path: string;
  /** The layers it may import besides itself. */
  readonly uses: readonly string[];
  /** Part of the core: imports nothing but the project's own files, so that it runs in a browser page too. */
  readonly core?: true;
}

/** The kernel's layers, lowest first: each may use those before it. */
const KERNEL = [
  ['uapi', 'kernel-mock/include/uapi/'],
  ['lib', 'kernel-mock/lib/'],
  ['include', 'kernel-mock/include/'],
  ['mm', 'kernel-mock/mm/'],
  // Descriptor tables: Linux keeps them in fs/, but a task cannot end without them, and they know no file system.
  ['files', 'kernel-mock/fs/file.ts'],
  ['kernel', 'kernel-mock/kernel/'],
  ['drivers', 'kernel-mock/drivers/'],
  ['fs', 'kernel-mock/fs/'],
  ['net', 'kernel-mock/net/'],
  ['arch', 'kernel-mock/arch/'],
  ['init', 'kernel-mock/init/'],
  ['kernel-mock', 'kernel-mock/index.ts'],
] as const;

const KERNEL_NAMES = KERNEL.map(([name]) => name);

export const LAYERS: readonly Layer[] = [
  ...KERNEL.map(([name, path], i) => ({ name, path, uses: KERNEL_NAMES.slice(0, i), core: true as const })),
  { name: 'libc', path: 'libc/', uses: ['uapi'], core: true },
  { name: 'index', path: 'index.ts', uses: [...KERNEL_NAMES, 'libc'], core: true },
  { name: 'kernel-host', path: 'kernel-host/', uses: ['uapi'] },
  { name: 'host', path: 'host.ts', uses: ['kernel-host', 'libc'] },
  { name: 'tools', path: 'tools/', uses: [...KERNEL_NAMES, 'libc', 'index', 'host', 'kernel-host', 'examples'] },
  { name: 'examples', path: 'examples/', uses: ['index', 'host', 'libc', 'kernel-mock', 'uapi'] },
  {
    name: 'test',
    path: 'test/',
    uses: [...KERNEL_NAMES, 'libc', 'index', 'host', 'kernel-host', 'tools', 'examples'],
  },
];

/** What examples and tests mean by the package's own name. */
const ENTRIES = new Map([
  ['sys-indirect', 'index.ts'],
  ['sys-indirect/libc', 'libc/index.ts'],
  ['sys-indirect/kernel-mock', 'kernel-mock/index.ts'],
  ['sys-indirect/kernel-host', 'host.ts'],
  ['sys-indirect/uapi', 'kernel-mock/include/uapi/index.ts'],
  ['sys-indirect/tools', 'tools/index.ts'],
  ['sys-indirect/fast-check', 'tools/explore/arbitrary.ts'],
]);

export function layerOf(path: string): Layer | undefined {
  return LAYERS.filter((layer) => (layer.path.endsWith('/') ? path.startsWith(layer.path) : path === layer.path))
    .sort((a, b) => b.path.length - a.path.length)
    .at(0);
}

/** Every module that the text names, in static and dynamic imports and in types alike. */
export function importsOf(source: string): string[] {
  const names = ts.preProcessFile(source, true, true).importedFiles.map((file) => file.fileName);
  return [...new Set(names)];
}

/** The modules that it still loads once types are erased. */
function valueImportsOf(source: string): string[] {
  const { ESNext } = ts.ModuleKind;
  const compilerOptions = { module: ESNext, target: ts.ScriptTarget.ESNext, verbatimModuleSyntax: true };
  return importsOf(ts.transpileModule(source, { compilerOptions }).outputText);
}

/** The file that a relative import means: `./pipe.js` beside `fs/read.ts` is `fs/pipe.ts`. */
function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

/** What breaks the layering, one line each; empty if nothing does. */
export function violations(sources: Sources): string[] {
  const found: string[] = [];
  for (const [path, source] of sources) {
    const layer = layerOf(path);
    if (!layer) {
      found.push(`${path} belongs to no layer`);
      continue;
    }
    const { typeReferenceDirectives, referencedFiles } = ts.preProcessFile(source);
    if (layer.core && typeReferenceDirectives.length + referencedFiles.length > 0)
      found.push(`${path} has a /// <reference>`);
    for (const specifier of importsOf(source)) {
      const problem = problemOf(path, layer, specifier, sources);
      if (problem) found.push(`${path} imports ${specifier}: ${problem}`);
    }
  }
  return [...found, ...cycles(sources).map((cycle) => `import cycle: ${cycle.join(' -> ')}`)];
}

function problemOf(path: string, layer: Layer, specifier: string, sources: Sources): string | undefined {
  const relative = specifier.startsWith('.');
  if (!relative && layer.core) return 'the core imports its own files only';
  const own = /^sys-indirect($|\/)/.test(specifier);
  if (!relative && !own) return undefined;
  if (own && layer.name === 'tools') return 'tools are bundled from relative imports';

  const target = relative ? resolve(path, specifier) : ENTRIES.get(specifier);
  if (target === undefined || !sources.has(target)) return 'no such file';
  const below = layerOf(target);
  if (!below) return `${target} belongs to no layer`;
  if (below !== layer && !layer.uses.includes(below.name)) return `${layer.name} must not know ${below.name}`;
  return undefined;
}

/** Circles of files that load each other: which of them runs first would depend on who was imported first. */
function cycles(sources: Sources): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(path);
    if (seen !== -1) {
      found.push([...trail.slice(seen), path]);
      return;
    }
    const source = sources.get(path);
    if (source === undefined || done.has(path)) return;
    for (const specifier of valueImportsOf(source))
      if (specifier.startsWith('.')) walk(resolve(path, specifier), [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) walk(path, []);
  return found;
}

/** The imports of the bundles `entries`, and of all that they load, that lead out of the package. */
export function foreignImports(bundles: Sources, entries: readonly string[]): string[] {
  const found: string[] = [];
  const reached = new Set(entries);
  for (const path of reached) {
    const source = bundles.get(path);
    if (source === undefined) found.push(`${path} is missing`);
    else
      for (const specifier of importsOf(source))
        if (specifier.startsWith('.')) reached.add(posix.join(posix.dirname(path), specifier));
        else found.push(`${path} imports ${specifier}`);
  }
  return found;
}
