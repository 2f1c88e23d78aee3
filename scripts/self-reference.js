// Writes build/package.json: below build/ the package's own name then resolves to the compiled tree instead of dist/.
// So tests may mix `from 'sys-indirect'` with relative imports of internals and still meet each module once.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const { name, version, type, exports } = JSON.parse(readFileSync('package.json', 'utf8'));

const compiled = Object.entries(exports).map(([entry, target]) => [
  entry,
  typeof target === 'string' ? target : target.types.replace('./dist/types/', './').replace(/\.d\.ts$/, '.js'),
]);

mkdirSync('build', { recursive: true });
writeFileSync(
  'build/package.json',
  JSON.stringify({ name, version, private: true, type, exports: Object.fromEntries(compiled) }, null, 2) + '\n',
);
