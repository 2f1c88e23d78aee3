/**
 * Hooks of Node's module loader for program files; they run in the loader's own thread. They find this package for a program
 * that does not have it installed, find `x.ts` where an import says `x.js`, and turn TypeScript into JavaScript where Node
 * does not do that itself.
 */
import { readFile } from 'node:fs/promises';
import { type LoadHook, type ModuleFormat, type ResolveHook, createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type Typescript from 'typescript';

/** How a Node that strips types calls a TypeScript module; the type declarations are those of Node 20. */
const TYPESCRIPT = 'module-typescript' as string as ModuleFormat;

let ts: typeof Typescript | null = null;

/** `typescript`: path of the compiler's module; null if Node strips types itself. */
export function initialize({ typescript }: { typescript: string | null }): void {
  if (typescript !== null) ts = createRequire(import.meta.url)(typescript) as typeof Typescript;
}

/** What else an import can mean that leads nowhere as it stands. */
function alternative(specifier: string, parentURL: string | undefined): [specifier: string, parentURL?: string] | null {
  if (/^sys-indirect($|\/)/.test(specifier)) return [specifier, import.meta.url];
  if (/^\.{0,2}\/.*\.m?js$/.test(specifier) && parentURL !== undefined && /\.m?ts$/.test(parentURL))
    return [specifier.replace(/js$/, 'ts')];
  return null;
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context);
  } catch (error) {
    const other = alternative(specifier, context.parentURL);
    if (other === null) throw error;
    const [name, parentURL = context.parentURL] = other;
    return await next(name, { ...context, parentURL });
  }
};

export const load: LoadHook = async (url, context, next) => {
  if (!/^file:.*\.m?ts$/.test(url)) return next(url, context);
  // A module, whatever the package.json above it says of .js files.
  if (ts === null) return next(url, { ...context, format: TYPESCRIPT });
  const { transpileModule, ModuleKind, ScriptTarget } = ts;
  const path = fileURLToPath(url);
  const { outputText, diagnostics = [] } = transpileModule(await readFile(path, 'utf8'), {
    fileName: path,
    reportDiagnostics: true,
    // As Node's own stripping: an import that is not marked as a type stays.
    compilerOptions: {
      module: ModuleKind.ESNext,
      target: ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
      inlineSources: true,
    },
  });
  const [first] = diagnostics;
  if (first !== undefined) {
    const { line, character } = first.file!.getLineAndCharacterOfPosition(first.start ?? 0);
    const text = ts.flattenDiagnosticMessageText(first.messageText, ' ');
    throw new SyntaxError(`${path}:${line + 1}:${character + 1}: ${text}`);
  }
  return { format: 'module', source: outputText, shortCircuit: true };
};
