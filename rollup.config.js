// build/ (tsc's output, one file per source) -> dist/ (what is published: bundles, their chunks, declarations).
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import commonjs from '@rollup/plugin-commonjs';
import nodeResolve from '@rollup/plugin-node-resolve';

/** Continues tsc's source maps, so that those in dist/ lead to the .ts files. */
const inputMaps = {
  name: 'input-maps',
  load(id) {
    if (!existsSync(`${id}.map`) || id.includes('node_modules')) return null;
    const code = readFileSync(id, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
    return { code, map: JSON.parse(readFileSync(`${id}.map`, 'utf8')) };
  },
};

/** Adds what is not code: the declarations of the public trees, and the license of what cli.js bundles. */
const extras = {
  name: 'extras',
  buildStart() {
    rmSync('dist', { recursive: true, force: true });
  },
  writeBundle() {
    const published = (path) => !/\.js(\.map)?$/.test(path) && (!path.endsWith('.d.ts') || existsSync(sourceOf(path)));
    const sourceOf = (path) => path.replace(/^build\//, '').replace(/\.d\.ts$/, '.ts');
    for (const tree of ['index.d.ts', 'libc', 'kernel-mock'])
      cpSync(`build/${tree}`, `dist/types/${tree}`, { recursive: true, filter: published });
    mkdirSync('dist/licenses');
    copyFileSync('node_modules/commander/LICENSE', 'dist/licenses/commander.txt');
  },
};

export default {
  input: {
    index: 'build/index.js',
    libc: 'build/libc/index.js',
    'kernel-mock': 'build/kernel-mock/index.js',
    uapi: 'build/kernel-mock/include/uapi/index.js',
    cli: 'build/tools/cli.js',
    // Loaded by cli.js into the module loader's thread.
    module_hooks: 'build/tools/module_hooks.js',
  },
  output: {
    dir: 'dist',
    format: 'es',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    sourcemap: true,
  },
  external: /^node:/,
  plugins: [inputMaps, nodeResolve({ exportConditions: ['node'] }), commonjs(), extras],
  onwarn(warning) {
    throw Object.assign(new Error(warning.message), warning); // a circular import or an unresolved name is a bug
  },
};
