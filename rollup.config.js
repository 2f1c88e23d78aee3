// build/ (tsc's output, one file per source) -> dist/ (what is published: bundles and their chunks).
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
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

/** Adds the license of what cli.js bundles. The declarations follow: tsconfig.publish.json. */
const extras = {
  name: 'extras',
  buildStart() {
    rmSync('dist', { recursive: true, force: true });
  },
  writeBundle() {
    mkdirSync('dist/licenses');
    copyFileSync('node_modules/commander/LICENSE', 'dist/licenses/commander.txt');
  },
};

export default {
  input: {
    index: 'build/index.js',
    libc: 'build/libc/index.js',
    'kernel-mock': 'build/kernel-mock/index.js',
    'kernel-host': 'build/host.js',
    uapi: 'build/kernel-mock/include/uapi/index.js',
    tools: 'build/tools/index.js',
    'fast-check': 'build/tools/explore/arbitrary.js',
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
