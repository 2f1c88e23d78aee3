/** The table of sleeping calls is whole: what the sources can sleep on, and which calls may answer with a sleep, has a row. */
import { readFile, readdir } from 'node:fs/promises';
import test from 'ava';
import { NR, SIGKILL } from '../../kernel-mock/include/uapi/index.js';
import type { Libc } from '../../index.js';
import { boot_for } from '../helpers.js';
import type { SleepingCall } from './sleeping_call.js';
import { SLEEPS } from './sleeps.js';

const KERNEL = new URL('../../../kernel-mock/', import.meta.url);

/** What a task slept in: the call, and what it waited for, numbers as #. */
interface Seen {
  readonly nr: number;
  readonly on: string;
}

const without_numbers = (text: string): string => text.replace(/0x#|0x[0-9a-f]+|\d+/g, '#');

async function sleeping_in(t: Parameters<typeof boot_for>[0], call: SleepingCall): Promise<Seen> {
  const kernel = boot_for(t);
  let seen: Seen | undefined;
  const status = await kernel.run(async (libc) => {
    const { go } = await call.setup(libc);
    let tid = 0;
    await libc.pthread_create(
      null,
      null,
      async (own: Libc) => {
        tid = await own.gettid();
        await go(own);
      },
      null,
    );
    await libc.sleep(1);
    const task = kernel.internals.tasks.get(tid);
    if (task !== undefined && task.sleep !== null) seen = { nr: task.nr, on: without_numbers(task.wchan) };
    await libc.kill(0, SIGKILL);
  });
  t.is(status, SIGKILL);
  if (seen === undefined) throw new Error(`${call.name} does not sleep`);
  return seen;
}

/** Every source of the kernel. */
async function sources(): Promise<string[]> {
  const names = await readdir(KERNEL, { recursive: true });
  return Promise.all(names.filter((n) => n.endsWith('.ts')).map((n) => readFile(new URL(n, KERNEL), 'utf8')));
}

/** What the waits of the sources are called. */
function waits(source: string): string[] {
  const site =
    /(?:\b(?:set_current_state|prepare_to_wait|wait_event_interruptible)\((?:[^'`;{}]|\(\))*?|wchan = )(?:'([^']+)'|`([^`]+)`)/g;
  return [...source.matchAll(site)].map(([, text, template]) =>
    without_numbers(text ?? template!.replace(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, '#')),
  );
}

/** Not the business of a signal or a call of its own. */
const NO_ROW: Readonly<Record<string, string>> = {
  SIGCONT: 'a stopped process is in user mode',
  'the end of the other threads': 'they die at once: execve in test/kernel/exit.test.ts',
  'an injected delay': 'no call of the program',
};

/** Calls that answer with a sleep, and why they have no row. */
const NO_CALL: Readonly<Record<string, string>> = {
  rt_sigreturn: 'a generator for another reason: it never sleeps',
  sched_yield: 'it waits for its turn and for nothing else',
  execve: 'waits for threads that die at once',
  execveat: 'the same body',
  fork: 'clone without CLONE_VFORK does not sleep',
  clone3: 'the body of clone',
  vfork: 'the library makes it by clone',
  bind: 'a record of operations has one type for connect and bind: it does not sleep',
  pread64: 'what can be waited for has no position',
  pwrite64: 'what can be waited for has no position',
  preadv: 'what can be waited for has no position',
  pwritev: 'what can be waited for has no position',
  copy_file_range: 'between files, which do not sleep',
  indirect: 'a call inside it: the rows run through route indirect',
};

test('every wait of the kernel has a row', async (t) => {
  const seen: Seen[] = [];
  for (const call of SLEEPS) seen.push(await sleeping_in(t, call));
  const rows = new Set(seen.map(({ on }) => on));
  const texts = (await sources()).flatMap(waits);
  t.true(texts.length > 30, 'the sources were found');
  t.deepEqual(
    [...new Set(texts)].filter((text) => !rows.has(text) && !Object.hasOwn(NO_ROW, text)),
    [],
  );
  t.deepEqual(
    Object.keys(NO_ROW).filter((text) => rows.has(text)),
    [],
    'a reason for nothing',
  );

  const calls = new Set(seen.map(({ nr }) => nr));
  const handlers = (await sources()).flatMap((s) => [
    ...s.matchAll(/^export function sys_(\w+)\([^{}]*?\): (?:Result|Sleep|Sleep \| number|number \| Sleep) \{$/gm),
  ]);
  const names = handlers.map(([, name]) => name!);
  t.true(names.length > 40, 'the handlers were found');
  t.deepEqual(
    names.filter((name) => !calls.has(NR[name as keyof typeof NR]) && !Object.hasOwn(NO_CALL, name)),
    [],
  );
  t.deepEqual(
    Object.keys(NO_CALL).filter((name) => calls.has(NR[name as keyof typeof NR])),
    [],
    'a reason for nothing',
  );
});
