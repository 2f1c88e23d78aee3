import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { hostKernel } from '../../host.js';
import { load_driver } from '../../kernel-host/index.js';
import type { Libc, PthreadT } from '../../libc/index.js';
import {
  AF_INET,
  AF_UNIX,
  EAGAIN,
  EPOLLIN,
  EPOLL_CTL_ADD,
  ETIMEDOUT,
  POLLIN,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_RCVTIMEO,
} from '../../kernel-mock/include/uapi/index.js';
import { on_host, runs } from './facts.js';

type Pair = [number, number];

async function make_pipe(libc: Libc): Promise<Pair> {
  const fds: Pair = [-1, -1];
  await libc.pipe(fds);
  return fds;
}

/** Run `work` in a thread; answers with how to wait for what it returns. */
async function in_thread<T>(libc: Libc, work: (libc: Libc) => Promise<T>): Promise<(libc: Libc) => Promise<T>> {
  const thread: PthreadT = {};
  await libc.pthread_create(thread, null, work, null);
  return async (joiner) => {
    const result: { value?: unknown } = {};
    await joiner.pthread_join(thread, result);
    return result.value as T;
  };
}

/** Does `call` of a thread sleep until `wake`? It is given 20 ms to come back before. */
async function sleeps(
  t: ExecutionContext,
  libc: Libc,
  call: (libc: Libc) => Promise<number>,
  wake: (libc: Libc) => Promise<unknown>,
  wanted: number,
): Promise<void> {
  let back = false;
  const join = await in_thread(libc, async (own) => {
    const ret = await call(own);
    back = true;
    return ret;
  });
  await libc.usleep(20_000);
  t.false(back, 'it came back before it was woken');
  await wake(libc);
  t.is(await join(libc), wanted);
}

on_host('read, write, accept and connect sleep until they can go on', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const [r, w] = await make_pipe(libc);
    await sleeps(
      t,
      libc,
      (own) => own.read(r, new Uint8Array(4)),
      (own) => own.write(w, 'abcd'),
      4,
    );
    const large = new Uint8Array(200_000);
    await sleeps(
      t,
      libc,
      (own) => own.write(w, large),
      async (own) => {
        for (let left = large.length; left > 0;) left -= await own.read(r, new Uint8Array(70_000));
      },
      large.length,
    );
    const sv: Pair = [-1, -1];
    await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    await sleeps(
      t,
      libc,
      (own) => own.recv(sv[0], new Uint8Array(4), 0),
      (own) => own.send(sv[1], 'ab', 0),
      2,
    );
    await sleeps(
      t,
      libc,
      (own) => own.readv(sv[0], [new Uint8Array(1), new Uint8Array(3)]),
      (own) => own.write(sv[1], 'abc'),
      3,
    );
    const listener = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    const name = { family: AF_UNIX, abstract: `sleep-${process.pid}` } as const;
    await libc.bind(listener, name);
    await libc.listen(listener, 0);
    const accepts = async (own: Libc): Promise<number> => ((await own.accept(listener)) > 2 ? 1 : 0);
    const connects = async (own: Libc): Promise<number> => own.connect(await own.socket(AF_UNIX, SOCK_STREAM, 0), name);
    await sleeps(t, libc, accepts, connects, 1);
    // The queue takes one: the second connection has to wait for the first to be taken.
    t.is(await connects(libc), 0);
    await sleeps(t, libc, connects, accepts, 0);
  }),
);

on_host('poll, select and epoll_wait sleep until a descriptor is ready, or the time is over', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const [r, w] = await make_pipe(libc);
    const drained = async (ret: number): Promise<number> => {
      await libc.read(r, new Uint8Array(1));
      return ret;
    };
    const wake = (own: Libc): Promise<number> => own.write(w, 'x');
    await sleeps(t, libc, async (own) => own.poll([{ fd: r, events: POLLIN }], -1), wake, 1);
    await drained(0);
    await sleeps(t, libc, async (own) => own.select(r + 1, new Set([r]), null, null, null), wake, 1);
    await drained(0);
    const ep = await libc.epoll_create1(0);
    await libc.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN, data: 7 });
    await sleeps(t, libc, async (own) => own.epoll_wait(ep, [], 4, -1), wake, 1);
    await drained(0);
    const begun = Date.now();
    t.is(await libc.poll([{ fd: r, events: POLLIN }], 30), 0);
    t.is(await libc.epoll_wait(ep, [], 4, 30), 0);
    t.true(Date.now() - begun >= 58);
  }),
);

on_host('a read sleeps on the file, not on the number: the descriptor may be closed meanwhile', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const [r, w] = await make_pipe(libc);
    const wake = async (own: Libc): Promise<void> => {
      await own.close(r);
      await own.usleep(2000);
      await own.write(w, 'late');
    };
    await sleeps(t, libc, (own) => own.read(r, new Uint8Array(8)), wake, 4);
  }),
);

on_host('two threads that read one pipe each get their part', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const [r, w] = await make_pipe(libc);
    const joins = [];
    for (let i = 0; i < 2; i++) joins.push(await in_thread(libc, (own) => own.read(r, new Uint8Array(1))));
    await libc.write(w, 'ab');
    for (const join of joins) t.is(await join(libc), 1);
  }),
);

on_host('time limits: SO_RCVTIMEO, nanosleep, and of a condition', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const sv: Pair = [-1, -1];
    await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    const limit = new Uint8Array(16);
    new DataView(limit.buffer).setBigInt64(8, 20_000n, true);
    await libc.setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, limit);
    const begun = Date.now();
    t.is(await libc.read(sv[0], new Uint8Array(1)), -1);
    t.is(libc.errno, EAGAIN);
    t.is(await libc.nanosleep({ tv_sec: 0, tv_nsec: 20_000_000 }), 0);
    t.true(Date.now() - begun >= 39);
    const now: { tv_sec: number; tv_nsec: number } = { tv_sec: 0, tv_nsec: 0 };
    await libc.clock_gettime(0, now);
    const mutex = {};
    await libc.pthread_mutex_lock(mutex);
    const join = await in_thread(libc, (own) =>
      own.pthread_mutex_timedlock(mutex, { ...now, tv_nsec: Math.min(now.tv_nsec + 2e7, 999_999_999) }),
    );
    t.is(await join(libc), ETIMEDOUT);
  }),
);

on_host('a thousand reads sleep at once, in one thread of the runtime', async (t) => {
  let threads = 0;
  let most = 0;
  const driver = load_driver();
  const kernel = hostKernel({
    driver: {
      ...driver,
      epoll_wait_in_thread(epfd, events, max, done) {
        most = Math.max(most, ++threads);
        driver.epoll_wait_in_thread(epfd, events, max, (n) => {
          threads--;
          done(n);
        });
      },
    },
  });
  await runs(t, kernel, async (libc) => {
    const pairs: Pair[] = [];
    const joins = [];
    for (let i = 0; i < 1000; i++) {
      const sv: Pair = [-1, -1];
      t.is(await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
      pairs.push(sv);
      joins.push(await in_thread(libc, (own) => own.read(sv[0], new Uint8Array(8))));
    }
    // Long enough for all of them to be in the one epoll_wait.
    await libc.usleep(500_000);
    t.is(most, 1);
    for (const [i, [, w]] of pairs.entries()) await libc.write(w, new Uint8Array(1 + (i % 8)));
    for (const [i, join] of joins.entries()) t.is(await join(libc), 1 + (i % 8));
  });
});

on_host('the echo server talks to clients of Node and to programs', async (t) => {
  const cli = fileURLToPath(new URL('../../tools/cli.js', import.meta.url));
  const example = fileURLToPath(new URL('../../examples/echo-server.js', import.meta.url));
  const server = spawn(process.execPath, [cli, 'run', example, '0', '2', '--kernel', 'host'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(server.stdout, 'data')) as [Buffer];
  const port = Number(/^listening on port (\d+)\n/.exec(line.toString())?.[1]);
  const client = connect(port, '127.0.0.1');
  client.write('from Node');
  const [data] = (await once(client, 'data')) as [Buffer];
  t.is(data.toString(), 'from Node');
  client.end();
  const script = 'exec 3<>/dev/tcp/127.0.0.1/$0; echo from a shell >&3; head -n 1 <&3';
  const shell = spawn('bash', ['-c', script, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(shell.stdout, 'data')) as [Buffer];
  t.is(said.toString(), 'from a shell\n');
  const [status] = (await once(server, 'exit')) as [number];
  t.is(status, 0);
});

on_host('a sleep does not keep the process from its end', async (t) => {
  const host = new URL('../../host.js', import.meta.url).href;
  const script = `import { hostKernel } from '${host}';
    setTimeout(() => process.exit(3), 100);
    await hostKernel().run(async (libc) => { const fds = [0, 0]; await libc.pipe(fds); await libc.read(fds[0], new Uint8Array(1)); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  const [status] = (await once(child, 'exit')) as [number | null];
  clearTimeout(late);
  t.is(status, 3);
});

on_host('connect to a port where nobody listens, blocking and not', (t, kernel) =>
  runs(t, kernel, async (libc) => {
    const probe = await libc.socket(AF_INET, SOCK_STREAM, 0);
    await libc.bind(probe, { family: AF_INET, addr: '127.0.0.1', port: 0 });
    const name: { port?: number } = {};
    await libc.getsockname(probe, name);
    for (const flags of [0, SOCK_NONBLOCK]) {
      const s = await libc.socket(AF_INET, SOCK_STREAM | flags, 0);
      t.is(await libc.connect(s, { family: AF_INET, addr: '127.0.0.1', port: name.port! }), -1);
      t.true(libc.errno === 111 || libc.errno === 115);
    }
  }),
);
