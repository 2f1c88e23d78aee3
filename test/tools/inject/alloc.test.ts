/** Each allocation of each call fails in turn: the call says so, leaves nothing, and works the next time. */
import test from 'ava';
import { type Libc, type ThrowingLibc, throwing } from '../../../index.js';
import {
  AF_INET,
  AF_UNIX,
  CLOCK_MONOTONIC,
  EPOLLIN,
  EPOLL_CTL_ADD,
  F_DUPFD,
  IN_CREATE,
  O_CREAT,
  O_RDWR,
  SCM_RIGHTS,
  SIGUSR1,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../../kernel-mock/include/uapi/index.js';
import { inject } from '../../../tools/index.js';
import { outcome } from '../../facts.js';
import { boot_for } from '../../helpers.js';

interface Row {
  /** The system call whose allocations fail. */
  readonly call: string;
  readonly fact: (libc: Libc, ok: ThrowingLibc) => Promise<number>;
  /** What the call answers when its first, second … allocation fails. */
  readonly errors: readonly string[];
}

const child = async (c: Libc): Promise<void> => {
  await c.getpid();
};
const unix = (ok: ThrowingLibc): Promise<number> => ok.socket(AF_UNIX, SOCK_STREAM, 0);
const listener = async (ok: ThrowingLibc): Promise<number> => {
  const s = await unix(ok);
  await ok.bind(s, { family: AF_UNIX, abstract: 'x' });
  await ok.listen(s, 5);
  await ok.connect(await unix(ok), { family: AF_UNIX, abstract: 'x' });
  return s;
};

const rows: Readonly<Record<string, Row>> = {
  'socket, AF_UNIX': {
    call: 'socket',
    fact: (libc) => libc.socket(AF_UNIX, SOCK_STREAM, 0),
    errors: ['ENFILE', 'ENOMEM', 'EMFILE', 'ENFILE'],
  },
  'socket, AF_INET': {
    call: 'socket',
    fact: (libc) => libc.socket(AF_INET, SOCK_STREAM, 0),
    errors: ['ENFILE', 'ENOBUFS', 'EMFILE', 'ENFILE'],
  },
  socketpair: {
    call: 'socketpair',
    fact: (libc) => libc.socketpair(AF_UNIX, SOCK_STREAM, 0, [0, 0]),
    errors: ['EMFILE', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENFILE', 'ENOMEM'],
  },
  accept: { call: 'accept', fact: async (libc, ok) => libc.accept(await listener(ok)), errors: ['EMFILE', 'ENFILE'] },
  pipe: { call: 'pipe', fact: (libc) => libc.pipe([0, 0]), errors: ['ENFILE', 'ENFILE', 'EMFILE', 'EMFILE'] },
  dup: { call: 'dup', fact: (libc) => libc.dup(0), errors: ['EMFILE'] },
  fcntl: { call: 'fcntl', fact: (libc) => libc.fcntl(0, F_DUPFD, 9), errors: ['EMFILE'] },
  open: {
    call: 'open',
    fact: (libc) => libc.open('/f', O_CREAT | O_RDWR, 0o600),
    errors: ['ENOMEM', 'EMFILE', 'ENFILE'],
  },
  mkdir: { call: 'mkdir', fact: (libc) => libc.mkdir('/d', 0o700), errors: ['ENOMEM'] },
  epoll_create1: {
    call: 'epoll_create,epoll_create1',
    fact: (libc) => libc.epoll_create1(0),
    errors: ['ENOMEM', 'ENFILE', 'EMFILE'],
  },
  epoll_ctl: {
    call: 'epoll_ctl',
    fact: async (libc, ok) =>
      libc.epoll_ctl(await ok.epoll_create1(0), EPOLL_CTL_ADD, await unix(ok), { events: EPOLLIN, data: 0 }),
    errors: ['ENOMEM'],
  },
  eventfd: { call: 'eventfd2,eventfd', fact: (libc) => libc.eventfd(0, 0), errors: ['ENOMEM', 'ENFILE', 'EMFILE'] },
  timerfd_create: {
    call: 'timerfd_create',
    fact: (libc) => libc.timerfd_create(CLOCK_MONOTONIC, 0),
    errors: ['ENOMEM', 'ENFILE', 'EMFILE'],
  },
  signalfd: {
    call: 'signalfd4,signalfd',
    fact: (libc) => libc.signalfd(-1, [SIGUSR1], 0),
    errors: ['ENOMEM', 'ENFILE', 'EMFILE'],
  },
  inotify_init1: {
    call: 'inotify_init,inotify_init1',
    fact: (libc) => libc.inotify_init1(0),
    errors: ['ENOMEM', 'EMFILE'],
  },
  inotify_add_watch: {
    call: 'inotify_add_watch',
    fact: async (libc, ok) => libc.inotify_add_watch(await ok.inotify_init1(0), '/', IN_CREATE),
    errors: ['ENOMEM', 'ENOMEM'],
  },
  fork: {
    call: 'clone,fork',
    fact: async (libc, ok) => {
      const pid = await libc.fork(child);
      return pid === -1 ? pid : ok.waitpid(pid, null, 0);
    },
    errors: ['ENOMEM', 'ENOMEM', 'ENOMEM', 'ENOMEM'],
  },
  execve: { call: 'execve', fact: (libc) => libc.execve('/bin/child', ['child'], []), errors: ['ENOMEM'] },
  sendmsg: {
    call: 'sendmsg',
    fact: async (libc, ok) => {
      const sv: [number, number] = [0, 0];
      await ok.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
      const control = [{ level: SOL_SOCKET, type: SCM_RIGHTS, data: new Uint8Array(4) }];
      return libc.sendmsg(sv[0], { iov: ['x'], control }, 0);
    },
    errors: ['ENOMEM'],
  },
};

for (const [name, { call, fact, errors }] of Object.entries(rows))
  test(`every allocation fails once: ${name}`, async (t) => {
    const got: unknown[] = [];
    for (let nth = 1; nth <= errors.length + 1; nth++) {
      const kernel = boot_for(t);
      kernel.install('/bin/child', async () => {});
      const injection = inject(kernel, [`${call}:enomem:when=${nth}`]);
      let answer: unknown = 'done';
      await kernel.run(async (libc) => {
        const ret = await fact(libc, throwing(libc));
        answer = ret === -1 ? outcome(libc, ret) : 'done';
        // The lowest descriptors are free again where nothing but the call itself made some.
        if (ret === -1 && !/accept|epoll_ctl|add_watch|sendmsg/.test(name)) t.is(await libc.dup2(0, 3), 3);
        if (
          ret === -1 &&
          /^(?:socket|pipe|dup|fcntl|open|epoll_create1|eventfd|timerfd|signalfd|inotify_init1)/.test(name)
        ) {
          await libc.close(3);
          t.true((await fact(libc, throwing(libc))) >= 0, 'once more');
        }
      });
      t.is(injection.outcomes[0]!.fired, nth <= errors.length ? 1 : 0, `${name}: allocation ${nth}`);
      got.push(answer);
    }
    t.deepEqual(got, [...errors, 'done']);
  });
