/** The README's snippets, run as a reader would: in a project of their own that has the package installed. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import ts from 'typescript';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = await readFile(`${root}README.md`, 'utf8');
const project = `${root}build/readme/`;

/** Fenced blocks of one language, in order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((m) => m[1]!);
}

function javascript(source: string): string {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: false };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

const [program, user_test] = blocks('ts');
const commands = blocks('sh')
  .flatMap((block) => block.split('\n'))
  .filter((line) => line.startsWith('npx sys-indirect run'));

test.before(async () => {
  await rm(project, { recursive: true, force: true });
  await mkdir(`${project}node_modules`, { recursive: true });
  await symlink(root, `${project}node_modules/sys-indirect`);
  await writeFile(`${project}package.json`, '{ "name": "reader", "type": "module", "private": true }\n');
  await writeFile(`${project}hello.ts`, program!);
  await writeFile(`${project}server.test.js`, javascript(user_test!));
});

test('the README shows a program, its commands and a test', (t) => {
  t.is(blocks('ts').length, 2);
  t.true(commands.length >= 3);
});

for (const command of commands)
  test(`$ ${command}`, async (t) => {
    const args = command.split(' ').slice(2);
    const { stdout } = await exec(process.execPath, [`${root}dist/cli.js`, ...args], { cwd: project });
    t.is(stdout, blocks('text')[0]!);
  });

test('the program for both kernels says what stands below it', async (t) => {
  await writeFile(`${project}both.mjs`, blocks('js')[0]!);
  const run = exec(process.execPath, ['both.mjs'], { cwd: project });
  // Without the host kernel the mock one has spoken all the same, and the error says what to do.
  const said = await run.catch((error: unknown) => error as { stdout: string; stderr: string });
  const [mock, host] = blocks('text')[1]!.split(/(?<=\n)/);
  if (!/npm install koffi|needs Linux/.test(said.stderr)) t.is(said.stdout, `${mock}${host}`);
  else t.is(said.stdout, mock!);
});

test('the first test passes under ava', async (t) => {
  const ava = `${root}node_modules/ava/entrypoints/cli.mjs`;
  const { stdout } = await exec(process.execPath, [ava, '--tap', 'server.test.js'], { cwd: project });
  t.is(stdout.match(/^ok /gm)?.length, 3, stdout);
});
