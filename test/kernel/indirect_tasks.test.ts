/** sys_indirect, new tasks and signal handlers: nobody gets the parameters of a call that is not its own. */
import test, { type ExecutionContext } from 'ava';
import {
  AF_UNIX,
  FD_CLOEXEC,
  F_GETFD,
  NR,
  O_CLOEXEC,
  SA_RESTART,
  SIGALRM,
  SIGCHLD,
  SOCK_CLOEXEC,
  SOCK_STREAM,
} from 'sys-indirect/uapi';
import { type Libc, boot } from '../../index.js';
import { nothing_left } from '../helpers.js';

const V1 = '2.6.24-rc3-indirect-v1';
const GENERATIONS = [V1, '2.6.24-rc3-indirect-v3', '2.6.24-rc3-indirect-v5', 'indirect-next'];

/** What the kernel is entered by, as the library sees it. */
type Enter = (nr: number, ...args: number[]) => number | Promise<number>;

/** The next call of the library goes into sys_indirect, with close-on-exec as its parameter. */
function wrap_next(libc: Libc): void {
  const thread = libc as unknown as { enter: Enter };
  const { memory } = libc.cpu;
  thread.enter = (nr, ...args) => {
    delete (thread as { enter?: Enter }).enter;
    const slots = [nr, ...args].map((n) => BigInt.asIntN(64, BigInt(n)));
    const regs = new Uint8Array(BigInt64Array.from({ length: 7 }, (_, i) => slots[i] ?? 0n).buffer);
    const params = new Uint8Array(Int32Array.of(O_CLOEXEC).buffer);
    return thread.enter(NR.indirect, memory.map(regs), memory.map(params), 4);
  };
}

async function run(
  t: ExecutionContext,
  release: string,
  program: (libc: Libc, params: () => number[]) => Promise<number | void>,
): Promise<number> {
  const kernel = boot({ release, output: null, route: 'indirect' });
  kernel.install('/bin/next', async (libc) => libc.fcntl(await libc.socket(AF_UNIX, SOCK_STREAM, 0), F_GETFD));
  const params = (): number[] => [...kernel.internals.tasks.values()].map((task) => task.indirect_params);
  const status = await kernel.run((libc) => program(libc, params));
  nothing_left(t, kernel);
  return status;
}

/** A socket that nobody asked to mark. */
async function plain_socket(libc: Libc): Promise<number> {
  return libc.fcntl(await libc.socket(AF_UNIX, SOCK_STREAM, 0), F_GETFD);
}

for (const name of ['fork', 'clone', 'vfork'] as const)
  test(`v1, which refuses nothing: ${name} inside indirect gives the child no parameters`, async (t) => {
    const status = await run(t, V1, async (libc, params) => {
      wrap_next(libc);
      const child = async (own: Libc): Promise<number> => {
        t.deepEqual(new Set(params()), new Set([0]));
        return (await own.fcntl(await own.socket(AF_UNIX, SOCK_STREAM, 0), F_GETFD)) === 0 ? 7 : 1;
      };
      const pid = name === 'clone' ? await libc.clone(child, SIGCHLD, null) : await libc[name](child);
      t.is(pid, 3);
      const st: { value?: number } = {};
      t.is(await libc.waitpid(pid, st), pid);
      t.is(st.value, 7 << 8);
      t.deepEqual(params(), [0]);
      t.is(await plain_socket(libc), 0);
    });
    t.is(status, 0);
  });

test('v1: execve inside indirect gives the new program no parameters', async (t) => {
  const status = await run(t, V1, async (libc) => {
    wrap_next(libc);
    await libc.execv('/bin/next', ['next']);
  });
  t.is(status, 0);
});

test('v1: pthread_create inside indirect gives the thread no parameters', async (t) => {
  await run(t, V1, async (libc, params) => {
    const [thread, mark]: [object, { value?: unknown }] = [{}, {}];
    wrap_next(libc);
    const routine = async (own: Libc): Promise<number> => {
      t.deepEqual(new Set(params()), new Set([0]));
      return plain_socket(own);
    };
    t.is(await libc.pthread_create(thread, null, routine, null), 0);
    await libc.pthread_join(thread, mark);
    t.is(mark.value, 0);
  });
});

for (const release of GENERATIONS)
  for (const flags of [0, SA_RESTART])
    test(`${release}: a handler inside an interrupted accept sees none${flags === 0 ? '' : ', SA_RESTART'}`, async (t) => {
      const name = { family: AF_UNIX, abstract: 'x' } as const;
      await run(t, release, async (libc, params) => {
        const listener = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
        await libc.bind(listener, name);
        await libc.listen(listener, 4);
        const seen: number[] = [];
        const sa_handler = async (own: Libc): Promise<void> => {
          seen.push(...params(), await plain_socket(own));
          // A call inside indirect of its own, with and without parameters.
          const marked = await own.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
          seen.push(await own.fcntl(marked, F_GETFD), ...params());
          await own.connect(await own.socket(AF_UNIX, SOCK_STREAM, 0), name);
        };
        await libc.sigaction(SIGALRM, { sa_handler, sa_flags: flags });
        await libc.alarm(1);
        const fd = await libc.accept4(listener, null, SOCK_CLOEXEC);
        t.deepEqual(seen, [0, 0, FD_CLOEXEC, 0]);
        if (flags === 0) t.is(fd, -1);
        else t.is(await libc.fcntl(fd, F_GETFD), FD_CLOEXEC);
        t.deepEqual(params(), [0]);
      });
    });
