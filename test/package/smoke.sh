#!/usr/bin/env bash
# Installs the packed package in an empty folder and uses it there: imports, types, command line. Needs dist/ (npm run build).
set -euo pipefail
cd "$(dirname "$0")/../.."
repo=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

npm pack --silent --pack-destination "$work" >/dev/null

mkdir "$work/user"
cd "$work/user"
npm init -y >/dev/null
# Without koffi: all but the host kernel works.
npm install --silent --no-audit --no-fund --offline --omit=optional "$work"/sys-indirect-*.tgz

cat >use.mjs <<'JS'
import assert from 'node:assert/strict';
import * as main from 'sys-indirect';
import * as libc from 'sys-indirect/libc';
import * as kernelMock from 'sys-indirect/kernel-mock';
import * as tools from 'sys-indirect/tools';
import { hostKernel } from 'sys-indirect/kernel-host';
import * as uapi from 'sys-indirect/uapi';
import manifest from 'sys-indirect/package.json' with { type: 'json' };

assert.equal(typeof main.boot, 'function');
assert.equal(uapi.AF_INET, 2);
for (const entry of [main, libc, kernelMock, tools, uapi]) assert.ok(Object.keys(entry).length > 0);
assert.throws(() => hostKernel(), /npm install koffi|needs Linux on x86-64/);
assert.equal(manifest.name, 'sys-indirect');
await assert.rejects(import('sys-indirect/dist/index.js'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
JS
node --no-warnings use.mjs

cat >use.mts <<'TS'
import { boot } from 'sys-indirect';
import * as libc from 'sys-indirect/libc';
import * as kernelMock from 'sys-indirect/kernel-mock';
import * as tools from 'sys-indirect/tools';
import { type HostKernel, hostKernel } from 'sys-indirect/kernel-host';
import { AF_INET } from 'sys-indirect/uapi';

const two: 2 = AF_INET;
// @ts-expect-error: were the declarations missing, everything would be `any` and this line would compile
const wrong: string = boot;
// @ts-expect-error
const host: string = hostKernel() satisfies HostKernel;
export { libc, kernelMock, tools, two, wrong, host };
TS
cat >tsconfig.json <<'JSON'
{
  "compilerOptions": {
    "module": "nodenext", "target": "es2022", "lib": ["es2023"], "types": [], "strict": true, "skipLibCheck": false, "noEmit": true
  },
  "files": ["use.mts"]
}
JSON
node "$repo/node_modules/typescript/bin/tsc" -p .

version=$(npx --no-install sys-indirect --version)
[ "$version" = "$(node -p "require('sys-indirect/package.json').version")" ]

cat >main.mjs <<'JS'
import { AF_UNIX, SOCK_STREAM } from 'sys-indirect/uapi';

export default async (libc) => libc.socket(AF_UNIX, SOCK_STREAM, 0);
JS
status=0
npx --no-install sys-indirect run main.mjs || status=$?
[ "$status" = 3 ]
npx --no-install sys-indirect demo >/dev/null

echo "package: installs, imports, type-checks and runs"
