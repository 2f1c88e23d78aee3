/** Wake-ups that must reach more than one sleeper, or the right one; and what programs throw. */
import test from 'ava';
import { type Libc, type Program } from '../../index.js';
import {
  AF_INET,
  AF_UNIX,
  FUTEX_WAIT,
  FUTEX_WAKE,
  NR,
  SHUT_RDWR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_SNDBUF,
} from '../../kernel-mock/include/uapi/index.js';
import { RELEASES, run, boot_for } from '../helpers.js';

/** Start `n` threads that make the same call, let them sleep, do `wake`: every one must come back. */
async function all_return(
  libc: Libc,
  n: number,
  sleep: (libc: Libc) => Promise<number>,
  wake: () => Promise<unknown>,
): Promise<number> {
  const threads = Array.from({ length: n }, () => ({}));
  for (const t of threads) await libc.pthread_create(t, null, sleep, null);
  await libc.poll([], 1);
  await wake();
  for (const t of threads) await libc.pthread_join(t);
  return 0;
}

async function listener(libc: Libc, family: number): Promise<number> {
  const s = await libc.socket(family, SOCK_STREAM, 0);
  if (family === AF_UNIX) await libc.bind(s, { family: AF_UNIX, abstract: 'l' });
  await libc.listen(s, 8);
  return s;
}

const rows: readonly (readonly [title: string, program: Program])[] = [
  ...[AF_UNIX, AF_INET].map((family): readonly [string, Program] => [
    `two accepts, family ${family}: shutdown of the listener`,
    async (libc) => {
      const s = await listener(libc, family);
      return all_return(
        libc,
        2,
        (l) => l.accept(s),
        () => libc.shutdown(s, SHUT_RDWR),
      );
    },
  ]),
  ...[SOCK_STREAM, SOCK_SEQPACKET].map((type): readonly [string, Program] => [
    `two readers, type ${type}: close of the peer`,
    async (libc) => {
      const sv: number[] = [];
      await libc.socketpair(AF_UNIX, type, 0, sv);
      return all_return(
        libc,
        2,
        (l) => l.read(sv[0]!, new Uint8Array(1)),
        () => libc.close(sv[1]!),
      );
    },
  ]),
  [
    'two readers of a datagram socket: shutdown',
    async (libc) => {
      const s = await libc.socket(AF_UNIX, SOCK_DGRAM, 0);
      return all_return(
        libc,
        2,
        (l) => l.read(s, new Uint8Array(1)),
        () => libc.shutdown(s, SHUT_RDWR),
      );
    },
  ],
  [
    'two readers of a UDP socket: shutdown',
    async (libc) => {
      const s = await libc.socket(AF_INET, SOCK_DGRAM, 0);
      await libc.bind(s, { family: AF_INET, addr: '127.0.0.1', port: 9 });
      await libc.connect(s, { family: AF_INET, addr: '127.0.0.1', port: 9 });
      return all_return(
        libc,
        2,
        (l) => l.read(s, new Uint8Array(1)),
        () => libc.shutdown(s, SHUT_RDWR),
      );
    },
  ],
  [
    'three connects to a full listener: a larger backlog',
    async (libc) => {
      const s = await listener(libc, AF_UNIX);
      await libc.listen(s, 0);
      const connect = async (l: Libc): Promise<number> =>
        l.connect(await l.socket(AF_UNIX, SOCK_STREAM, 0), { family: AF_UNIX, abstract: 'l' });
      await connect(libc);
      return all_return(libc, 3, connect, () => libc.listen(s, 10));
    },
  ],
  [
    'a datagram sender beside a reader on the same socket',
    async (libc) => {
      const sv: number[] = [];
      await libc.socketpair(AF_UNIX, SOCK_DGRAM, 0, sv);
      const [a, b] = sv as [number, number];
      await libc.setsockopt(a, SOL_SOCKET, SO_SNDBUF, 4608);
      await libc.pthread_create(null, null, (l) => l.read(a, new Uint8Array(1)), null);
      const sender = {};
      const send_all = async (l: Libc): Promise<void> => {
        for (let i = 0; i < 8; i++) await l.write(a, new Uint8Array(2000));
      };
      await libc.pthread_create(sender, null, send_all, null);
      for (let i = 0; i < 8; i++) await libc.read(b, new Uint8Array(2000));
      return libc.pthread_join(sender);
    },
  ],
  [
    'a futex that is slept on again while another leaves it',
    async (libc) => {
      const word = libc.cpu.memory.map(new Uint8Array(4));
      const wait = (l: Libc): Promise<number> => l.syscall(NR.futex, word, FUTEX_WAIT, 0, 0);
      const twice = async (l: Libc): Promise<void> => {
        await wait(l);
        await wait(l);
      };
      const [one, two] = [{}, {}];
      await libc.pthread_create(one, null, twice, null);
      await libc.pthread_create(two, null, wait, null);
      await libc.poll([], 1);
      await libc.syscall(NR.futex, word, FUTEX_WAKE, 2);
      await libc.poll([], 1);
      const woken = await libc.syscall(NR.futex, word, FUTEX_WAKE, 2);
      await libc.pthread_join(one);
      await libc.pthread_join(two);
      return woken === 1 ? 0 : 1;
    },
  ],
];

for (const [title, program] of rows)
  test(title, async (t) => {
    for (const release of RELEASES) t.is(await run(t, { release }, program), 0, release);
  });

const odd: readonly (readonly [title: string, thrown: unknown])[] = [
  ['an object without a prototype', Object.create(null)],
  [
    'an object whose text throws',
    {
      toString(): string {
        throw new Error('no');
      },
    },
  ],
  ['nothing', undefined],
  ['a symbol', Symbol('s')],
];

for (const [title, thrown] of odd)
  test(`a program throws ${title}`, async (t) => {
    const kernel = boot_for(t);
    const failed = kernel.run(async () => {
      throw thrown;
    });
    await t.throwsAsync(failed, { name: 'ProgramError' });
    t.is(kernel.census().tasks, 0);
  });

test('a run that cannot begin leaves nothing', async (t) => {
  const kernel = boot_for(t);
  const bad = { x: Symbol('s') } as unknown as Record<string, string>;
  await t.throwsAsync(() => kernel.run(async () => 0, ['a'], bad), { instanceOf: TypeError });
  t.is(kernel.census().tasks, 0);
  t.is(await kernel.run(async () => 0), 0);
});

test('a dead lock of many tasks is told in few lines', async (t) => {
  const kernel = boot_for(t);
  const failed = kernel.run(async (libc) => {
    const sv: number[] = [];
    await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    for (let i = 0; i < 3000; i++)
      await libc.pthread_create(null, null, (l) => l.read(sv[0]!, new Uint8Array(1)), null);
    await libc.read(sv[1]!, new Uint8Array(1));
    return 0;
  });
  const error = await t.throwsAsync(failed, { name: 'DeadlockError' });
  t.true(error.message.split('\n').length < 30);
  t.regex(error.message, /and \d+ more tasks/);
});
