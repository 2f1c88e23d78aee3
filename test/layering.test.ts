import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { foreignImports, violations } from './layering.js';

/** All files below the given folders (or the named files themselves) that end in `ending`. */
function read(roots: string[], ending: string): Map<string, string> {
  const paths = roots.flatMap((root) =>
    root.endsWith('/') ? readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => root + name) : [root],
  );
  const wanted = paths.map((path) => path.replaceAll('\\', '/')).filter((path) => path.endsWith(ending));
  return new Map(wanted.map((path) => [path, readFileSync(path, 'utf8')]));
}

test('the sources keep the layers', (t) => {
  const sources = read(
    ['index.ts', 'host.ts', 'kernel-host/', 'libc/', 'kernel-mock/', 'tools/', 'examples/', 'test/'],
    '.ts',
  );
  t.true(sources.size > 10);
  t.deepEqual(violations(sources), []);
});

const ENTRIES = ['dist/index.js', 'dist/libc.js', 'dist/kernel-mock.js', 'dist/uapi.js', 'dist/tools.js'];

test('the bundles import nothing from outside', (t) => {
  t.deepEqual(foreignImports(read(['dist/'], '.js'), ENTRIES), []);
});

test('the bundles load where no host is', async (t) => {
  const loader = fileURLToPath(new URL('bare-context.js', import.meta.url));
  const flags = ['--experimental-vm-modules', '--no-warnings'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, loader, ...ENTRIES]);
  t.is(stdout, ENTRIES.map((entry) => `${entry} loaded\n`).join(''));
});

// The check itself: files that break one rule each, and what it says of them.
const reports = test.macro({
  exec(t, files: Record<string, string>, expected: string[]) {
    t.deepEqual(violations(new Map(Object.entries(files))), expected);
  },
  title: (title) => `the check sees ${title ?? ''}`,
});

const uapi = { 'kernel-mock/include/uapi/errno.ts': 'export const EPERM = 1;' };
const pipe = { 'kernel-mock/fs/pipe.ts': 'export const pipe = 1;' };

test(
  'nothing wrong in what is allowed',
  reports,
  {
    ...uapi,
    ...pipe,
    'kernel-mock/include/uapi/index.ts': "export * from './errno.js';",
    'kernel-mock/include/linux/fs.ts': 'export interface OpenFile { f: number }',
    'kernel-mock/fs/read.ts':
      "import { pipe } from './pipe.js'; import type { OpenFile } from '../include/linux/fs.js';",
    'kernel-mock/index.ts': "export { pipe } from './fs/pipe.js';",
    'libc/index.ts': "import { EPERM } from '../kernel-mock/include/uapi/errno.js';",
    'index.ts': "export * from './libc/index.js'; export * from './kernel-mock/index.js';",
    'tools/cli.ts': "import fs from 'node:fs'; import { Command } from 'commander'; import '../index.js';",
    'examples/hello.ts': "import 'sys-indirect'; import { EPERM } from 'sys-indirect/uapi';",
    'test/a.test.ts':
      "import test from 'ava'; import '../tools/cli.js'; import '../examples/hello.js'; import 'sys-indirect';",
  },
  [],
);

test(
  'a lower layer that imports a higher one',
  reports,
  { ...pipe, 'kernel-mock/mm/a.ts': "import '../fs/pipe.js';" },
  ['kernel-mock/mm/a.ts imports ../fs/pipe.js: mm must not know fs'],
);
test('it in a type', reports, { ...pipe, 'kernel-mock/mm/a.ts': "import type { P } from '../fs/pipe.js';" }, [
  'kernel-mock/mm/a.ts imports ../fs/pipe.js: mm must not know fs',
]);
test('it in a re-export', reports, { ...pipe, 'kernel-mock/kernel/a.ts': "export { pipe } from '../fs/pipe.js';" }, [
  'kernel-mock/kernel/a.ts imports ../fs/pipe.js: kernel must not know fs',
]);
test('it in a dynamic import', reports, { ...pipe, 'kernel-mock/lib/a.ts': "void import('../fs/pipe.js');" }, [
  'kernel-mock/lib/a.ts imports ../fs/pipe.js: lib must not know fs',
]);
test(
  'a header that imports a layer',
  reports,
  { ...pipe, 'kernel-mock/include/linux/a.ts': "import '../../fs/pipe.js';" },
  ['kernel-mock/include/linux/a.ts imports ../../fs/pipe.js: include must not know fs'],
);
test(
  'uapi that imports a header',
  reports,
  {
    'kernel-mock/include/linux/fs.ts': '',
    'kernel-mock/include/uapi/a.ts': "import '../linux/fs.js';",
  },
  ['kernel-mock/include/uapi/a.ts imports ../linux/fs.js: uapi must not know include'],
);
test('libc that knows a kernel', reports, { ...pipe, 'libc/a.ts': "import '../kernel-mock/fs/pipe.js';" }, [
  'libc/a.ts imports ../kernel-mock/fs/pipe.js: libc must not know fs',
]);
test('a kernel that knows libc', reports, { 'libc/a.ts': '', 'kernel-mock/init/a.ts': "import '../../libc/a.js';" }, [
  'kernel-mock/init/a.ts imports ../../libc/a.js: init must not know libc',
]);
test('who imports tools', reports, { 'tools/a.ts': '', 'index.ts': "import './tools/a.js';" }, [
  'index.ts imports ./tools/a.js: index must not know tools',
]);
test(
  'an example that reaches below the package',
  reports,
  { ...pipe, 'examples/a.ts': "import '../kernel-mock/fs/pipe.js';" },
  ['examples/a.ts imports ../kernel-mock/fs/pipe.js: examples must not know fs'],
);
test('host modules in the core', reports, { 'libc/a.ts': "import 'node:fs'; void import('node:os');" }, [
  'libc/a.ts imports node:fs: the core imports its own files only',
  'libc/a.ts imports node:os: the core imports its own files only',
]);
test('packages in the core', reports, { 'kernel-mock/lib/a.ts': "import type { X } from 'left-pad';" }, [
  'kernel-mock/lib/a.ts imports left-pad: the core imports its own files only',
]);
test('the package itself in the core', reports, { 'index.ts': "import 'sys-indirect/uapi';" }, [
  'index.ts imports sys-indirect/uapi: the core imports its own files only',
]);
test('host types in the core', reports, { 'libc/a.ts': '/// <reference types="node" />' }, [
  'libc/a.ts has a /// <reference>',
]);
test('a file outside the layers', reports, { 'kernel-mock/misc/a.ts': '' }, [
  'kernel-mock/misc/a.ts belongs to no layer',
]);
test('a file that is missing', reports, { 'libc/a.ts': "import './b.js';" }, [
  'libc/a.ts imports ./b.js: no such file',
]);
test(
  'a circle of imports',
  reports,
  {
    'libc/a.ts': "import { b } from './b.js'; export const a = b;",
    'libc/b.ts': "export { c } from './c.js';",
    'libc/c.ts': "import { a } from './a.js'; export const c = a;",
  },
  ['import cycle: libc/a.ts -> libc/b.ts -> libc/c.ts -> libc/a.ts'],
);
test(
  'no circle where types close it',
  reports,
  {
    'libc/a.ts': "import { b } from './b.js'; export type A = typeof b;",
    'libc/b.ts': "import type { A } from './a.js'; export const b: A | 1 = 1;",
  },
  [],
);

test('the bundle check follows chunks and sees what leads out', (t) => {
  const bundles = new Map([
    ['dist/index.js', "import { a } from './chunks/a.js';"],
    ['dist/chunks/a.js', "import fs from 'node:fs'; import('left-pad'); import './b.js'; export const a = 1;"],
    ['dist/cli.js', "import fs from 'node:fs';"],
  ]);
  t.deepEqual(foreignImports(bundles, ['dist/index.js']), [
    'dist/chunks/a.js imports node:fs',
    'dist/chunks/a.js imports left-pad',
    'dist/chunks/b.js is missing',
  ]);
});
