/** Signals that end a process do so when they are sent; jobs are orphaned by who held them. Each seen on Linux 6.18. */
import test from 'ava';
import type { Libc } from '../../index.js';
import {
  SIGHUP,
  SIGINT,
  SIGKILL,
  SIGSTOP,
  SIGTERM,
  SIG_BLOCK,
  WUNTRACED,
} from '../../kernel-mock/include/uapi/index.js';
import { answers } from '../facts.js';
import { boot_for } from '../helpers.js';

/** A child that waits for ever, and what wait tells of it after these signals. */
function killed_by(...signals: readonly number[]) {
  return async (libc: Libc): Promise<number | undefined> => {
    const pid = await libc.fork(async (child: Libc) => child.pause());
    await libc.usleep(1);
    for (const sig of signals) await libc.kill(pid, sig);
    const status: { value?: number } = {};
    await libc.waitpid(pid, status, 0);
    return status.value;
  };
}

test('TERM and then KILL: the first counts', answers, killed_by(SIGTERM, SIGKILL), SIGTERM);
test('TERM and then INT: the first counts', answers, killed_by(SIGTERM, SIGINT), SIGTERM);
test('TERM and then STOP: it does not stop any more', answers, killed_by(SIGTERM, SIGSTOP), SIGTERM);

test(
  'a signal that another thread takes ends the sender in its kill',
  answers,
  async (libc: Libc) => {
    const pid = await libc.fork(async (child: Libc) => {
      await child.pthread_create(null, null, async (own: Libc) => own.pause(), null);
      await child.usleep(1);
      await child.sigprocmask(SIG_BLOCK, [SIGTERM], null);
      await child.kill(await child.getpid(), SIGTERM);
      return 7;
    });
    const status: { value?: number } = {};
    await libc.waitpid(pid, status, 0);
    return status.value;
  },
  SIGTERM,
);

test(
  'who does not hold a stopped job does not orphan it',
  answers,
  async (libc: Libc) => {
    const leader = await libc.fork(async (own: Libc) => {
      await own.setsid();
      const job = await own.fork(async (child: Libc) => child.kill(await child.getpid(), SIGSTOP));
      await own.waitpid(job, {}, WUNTRACED);
      await own.waitpid(await own.fork(async () => 0), {}, 0);
      await own.kill(job, SIGKILL);
      return 3;
    });
    const status: { value?: number } = {};
    await libc.waitpid(leader, status, 0);
    return [status.value, SIGHUP].join();
  },
  [3 << 8, SIGHUP].join(),
);

test('a program that execve begins tells its end by SIGCHLD, whatever clone said', async (t) => {
  const kernel = boot_for(t);
  kernel.install('/bin/x', async () => 0);
  const main = async (libc: Libc): Promise<number> => {
    const pid = await libc.clone(async (child: Libc) => child.execve('/bin/x', ['x'], []), 0, null);
    await libc.usleep(1000);
    return (await libc.waitpid(pid, {}, 0)) === pid ? 0 : 1;
  };
  t.is(await kernel.run(main), 0);
});

test('an error in an orphan fails the run that still waits', async (t) => {
  const kernel = boot_for(t);
  const main = async (libc: Libc): Promise<number> => {
    const daemon = async (own: Libc): Promise<number> => {
      await own.fork(async (child: Libc) => {
        await child.usleep(50);
        throw new Error('nobody is my parent');
      });
      return 0;
    };
    await libc.fork(daemon);
    await libc.wait({});
    await libc.sleep(1);
    return 0;
  };
  await t.throwsAsync(kernel.run(main), { message: /nobody is my parent/ });
});

for (const call of ['posix_spawn', 'posix_spawnp'] as const)
  test(`${call} with text for its arguments says so, in the parent`, async (t) => {
    const kernel = boot_for(t);
    const main = async (libc: Libc): Promise<number> => libc[call]({}, '/bin/x', null, null, 'x' as never);
    await t.throwsAsync(kernel.run(main), { message: /task 2 .*argv is a list of strings, not the text 'x'/ });
  });
