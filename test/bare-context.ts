// Loads the modules named on the command line in a context that has the language's own globals and nothing of a host.
// Needs --experimental-vm-modules; run by layering.test.ts.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SourceTextModule, createContext } from 'node:vm';

const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
const modules = new Map<string, SourceTextModule>();

function load(path: string): SourceTextModule {
  let module = modules.get(path);
  if (!module) {
    module = new SourceTextModule(readFileSync(path, 'utf8'), { context, identifier: path });
    modules.set(path, module);
  }
  return module;
}

for (const entry of process.argv.slice(2)) {
  const module = load(resolve(entry));
  // An entry that an earlier one imports is linked already.
  if (module.status === 'unlinked')
    await module.link((specifier, from) => load(resolve(dirname(from.identifier), specifier)));
  await module.evaluate();
  console.log(`${entry} loaded`);
}
