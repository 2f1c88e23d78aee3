import test from 'ava';
import {
  AF_INET,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_IP,
  SOL_SOCKET,
  SO_REUSEADDR,
  SO_REUSEPORT,
  IP_FREEBIND,
} from '../../../kernel-mock/include/uapi/index.js';
import type { Libc, Release, ThrowingLibc } from '../../../index.js';
import type { InetNet } from '../../../kernel-mock/net/ipv4/inet_hashtables.js';
import { answers, msleep, outcome } from '../../facts.js';
import { ON, at, bound, client, listener, name, other_family, port, tcp, udp } from './fixtures.js';
import { boot_for, what_is_left } from '../../helpers.js';

/** A socket with one option on, bound or not: the outcome of bind, and the socket. */
async function try_bind(
  libc: Libc,
  ok: ThrowingLibc,
  addr: string,
  option = 0,
  type = SOCK_STREAM,
): Promise<[number | string, number]> {
  const s = await ok.socket(AF_INET, type, 0);
  if (option !== 0) await ok.setsockopt(s, SOL_SOCKET, option, ON);
  return [outcome(libc, await libc.bind(s, at(80, addr))), s];
}

/** SO_REUSEPORT came with 3.9. */
const since_3_9 = (expected: unknown) => (release: Release) =>
  release.sock_options_missing.has(SO_REUSEPORT) ? undefined : expected;

// addresses

const addresses: readonly [string, number | string][] = [
  ['127.0.0.1', 0],
  ['127.1.2.3', 0],
  ['0.0.0.0', 0],
  ['224.0.0.1', 0],
  ['255.255.255.255', 0],
  ['127.255.255.255', 0],
  ['0.1.2.3', 'EADDRNOTAVAIL'],
  ['10.9.8.7', 'EADDRNOTAVAIL'],
  ['192.0.2.1', 'EADDRNOTAVAIL'],
  ['240.0.0.1', 'EADDRNOTAVAIL'],
];
for (const [addr, expected] of addresses) {
  test(`tcp: ${addr}`, answers, async (libc, ok) => libc.bind(await tcp(ok), at(80, addr)), expected);
  test(`udp: ${addr}`, answers, async (libc, ok) => libc.bind(await udp(ok), at(80, addr)), expected);
}
test('short', answers, async (libc, ok) => libc.bind(await tcp(ok), at(80), 15), 'EINVAL');
test('no address', answers, async (libc, ok) => libc.bind(await tcp(ok), at(80), 0), 'EINVAL');
test('other family', answers, async (libc, ok) => libc.bind(await tcp(ok), other_family(AF_UNIX)), 'EAFNOSUPPORT');
test('no family, any address', answers, async (libc, ok) => libc.bind(await tcp(ok), other_family(0)), 0);
test(
  'no family, an address',
  answers,
  async (libc, ok) => libc.bind(await tcp(ok), other_family(0, 0x7f000001)),
  'EAFNOSUPPORT',
);
test('again', answers, async (libc, ok) => libc.bind(await bound(ok), at(81)), 'EINVAL');
test(
  'IP_FREEBIND',
  answers,
  async (libc, ok) => {
    const s = await tcp(ok);
    await ok.setsockopt(s, SOL_IP, IP_FREEBIND, ON);
    return [await libc.bind(s, at(80, '10.9.8.7')), await name(libc, s)];
  },
  [0, '10.9.8.7:80'],
);
test('name', answers, async (libc, ok) => name(libc, await bound(ok, at(81, '127.0.0.9'))), '127.0.0.9:81');

// any port

for (const [what, type] of [
  ['tcp', SOCK_STREAM],
  ['udp', SOCK_DGRAM],
] as const)
  test(
    `${what}: any port is of the local range, and another each time`,
    answers,
    async (_libc, ok) => {
      const ports = new Set<number>();
      for (let i = 0; i < 200; i++) ports.add(await port(ok, await bound(ok, at(0), type)));
      return [ports.size, [...ports].every((p) => p >= 32768 && p <= 60999)];
    },
    [200, true],
  );
test(
  'bind takes odd ports first, connect even ones',
  answers,
  async (_libc, ok) => {
    await listener(ok);
    return [(await port(ok, await bound(ok, at(0)))) % 2, (await port(ok, await client(ok))) % 2];
  },
  [1, 0],
);
test('the same seed gives the same ports', async (t) => {
  const ports = async (seed: number): Promise<number[]> => {
    const found: number[] = [];
    await boot_for(t, { seed, output: null }).run(async (libc: Libc) => {
      for (let i = 0; i < 5; i++) {
        const s = await libc.socket(AF_INET, SOCK_STREAM, 0);
        await libc.listen(s, 1);
        const addr: { port?: number } = {};
        await libc.getsockname(s, addr);
        found.push(addr.port!);
      }
    });
    return found;
  };
  t.deepEqual(await ports(7), await ports(7));
  t.notDeepEqual(await ports(7), await ports(8));
});

// who may share a port

const first = ['127.0.0.1', '0.0.0.0'] as const;
const second: readonly [string, string, number | string][] = [
  [first[0], '127.0.0.1', 'EADDRINUSE'],
  [first[0], '0.0.0.0', 'EADDRINUSE'],
  [first[0], '127.0.0.2', 0],
  [first[1], '127.0.0.2', 'EADDRINUSE'],
];
for (const [a, b, expected] of second)
  for (const type of [SOCK_STREAM, SOCK_DGRAM])
    test(
      `${type === SOCK_STREAM ? 'tcp' : 'udp'}: ${b} beside ${a}`,
      answers,
      async (libc, ok) => {
        await bound(ok, at(80, a), type);
        return (await try_bind(libc, ok, b, 0, type))[0];
      },
      expected,
    );
test(
  'tcp beside udp',
  answers,
  async (libc, ok) => {
    await bound(ok, at(80), SOCK_DGRAM);
    return (await try_bind(libc, ok, '127.0.0.1'))[0];
  },
  0,
);
test(
  'SO_REUSEADDR: both must have it, and only one can listen',
  answers,
  async (libc, ok) => {
    const [, a] = await try_bind(libc, ok, '127.0.0.1', SO_REUSEADDR);
    const [without] = await try_bind(libc, ok, '127.0.0.1');
    const [same, b] = await try_bind(libc, ok, '127.0.0.1', SO_REUSEADDR);
    const r = [without, same, await libc.listen(a, 1), outcome(libc, await libc.listen(b, 1)), await libc.listen(a, 2)];
    return [...r, (await try_bind(libc, ok, '0.0.0.0', SO_REUSEADDR))[0]];
  },
  ['EADDRINUSE', 0, 0, 'EADDRINUSE', 0, 'EADDRINUSE'],
);
test(
  'SO_REUSEPORT: several listen, and all get connections',
  answers,
  async (libc, ok) => {
    const listeners: number[] = [];
    for (let i = 0; i < 3; i++) {
      const [err, s] = await try_bind(libc, ok, '127.0.0.1', SO_REUSEPORT);
      if (err !== 0) return err;
      await ok.listen(s, 100);
      listeners.push(s);
    }
    const [other] = await try_bind(libc, ok, '127.0.0.1', SO_REUSEADDR);
    for (let i = 0; i < 60; i++) await client(ok);
    const fds = listeners.map((fd) => ({ fd, events: 1, revents: 0 }));
    return [other, await ok.poll(fds, 0)];
  },
  since_3_9(['EADDRINUSE', 3]),
);
test(
  'udp: SO_REUSEADDR lets two have one address',
  answers,
  async (libc, ok) => {
    await try_bind(libc, ok, '127.0.0.1', SO_REUSEADDR, SOCK_DGRAM);
    const [without] = await try_bind(libc, ok, '127.0.0.1', 0, SOCK_DGRAM);
    return [without, (await try_bind(libc, ok, '127.0.0.1', SO_REUSEADDR, SOCK_DGRAM))[0]];
  },
  ['EADDRINUSE', 0],
);

// connections of the past

/** A listener on port 80 serves one connection and ends it first. */
async function served(ok: ThrowingLibc, option = 0): Promise<void> {
  const l = await tcp(ok);
  if (option !== 0) await ok.setsockopt(l, SOL_SOCKET, option, ON);
  await ok.bind(l, at(80));
  await ok.listen(l, 5);
  const c = await client(ok);
  await ok.close(await ok.accept(l));
  await ok.close(c);
  await ok.close(l);
}
test(
  'TIME_WAIT keeps the port for a minute',
  answers,
  async (libc, ok) => {
    await served(ok);
    const r = [(await try_bind(libc, ok, '127.0.0.1'))[0], (await try_bind(libc, ok, '127.0.0.1', SO_REUSEADDR))[0]];
    await msleep(libc, 59_000);
    r.push((await try_bind(libc, ok, '127.0.0.1'))[0]);
    await msleep(libc, 1_001);
    return [...r, (await try_bind(libc, ok, '127.0.0.1'))[0]];
  },
  ['EADDRINUSE', 'EADDRINUSE', 'EADDRINUSE', 0],
);
test(
  'TIME_WAIT: SO_REUSEADDR then and now',
  answers,
  async (libc, ok) => {
    await served(ok, SO_REUSEADDR);
    return [(await try_bind(libc, ok, '127.0.0.1'))[0], (await try_bind(libc, ok, '127.0.0.1', SO_REUSEADDR))[0]];
  },
  ['EADDRINUSE', 0],
);
test(
  'no TIME_WAIT for who closes second, nor after a reset',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const c = await client(ok);
    const s = await ok.accept(l);
    await ok.close(c);
    await ok.close(s);
    await ok.close(l);
    const [second_closer, again] = await try_bind(libc, ok, '127.0.0.1');
    await ok.listen(again, 5);
    const d = await client(ok);
    const u = await ok.accept(again);
    await ok.close(u);
    await libc.send(d, ON, 0);
    await ok.close(again);
    return [second_closer, (await try_bind(libc, ok, '127.0.0.1'))[0]];
  },
  [0, 0],
);
test(
  'a connection holds the port of its listener',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    await client(ok);
    const s = await ok.accept(l);
    await ok.close(l);
    const r = [(await try_bind(libc, ok, '127.0.0.1'))[0], (await try_bind(libc, ok, '127.0.0.1', SO_REUSEADDR))[0]];
    await ok.send(s, ON, 0);
    return r;
  },
  ['EADDRINUSE', 'EADDRINUSE'],
);
test(
  'the same connection twice',
  answers,
  async (libc, ok) => {
    const l = await listener(ok);
    const ends: number[] = [];
    for (let i = 0; i < 2; i++) {
      const s = await tcp(ok);
      await ok.setsockopt(s, SOL_SOCKET, SO_REUSEADDR, ON);
      await ok.bind(s, at(90));
      ends.push(s);
    }
    const [a, b] = ends as [number, number];
    const r = [await libc.connect(a, at(80)), outcome(libc, await libc.connect(b, at(80)))];
    const s = await ok.accept(l);
    await ok.close(a);
    await ok.close(s);
    // In TIME_WAIT it makes place.
    return [...r, await libc.connect(b, at(80))];
  },
  [0, 'EADDRNOTAVAIL', 0],
);

test('more connections than there are ports, one after the other; then nothing is held', async (t) => {
  const kernel = boot_for(t);
  const status = await kernel.run(async (libc: Libc) => {
    const l = await libc.socket(AF_INET, SOCK_STREAM, 0);
    await libc.bind(l, at(80));
    await libc.listen(l, 5);
    for (let i = 0; i < 30_000; i++) {
      const c = await libc.socket(AF_INET, SOCK_STREAM, 0);
      if ((await libc.connect(c, at(80))) === -1) return 1;
      const s = await libc.accept(l);
      await libc.close(c);
      await libc.close(s);
    }
    return 0;
  });
  const { tcp: ports, udp: datagrams, death_row } = kernel.internals.net.inet as InetNet;
  t.is(status, 0);
  t.deepEqual(what_is_left(kernel), {});
  t.is(datagrams.size, 0);
  t.true(
    [...ports.values()].every((tb) => tb.owners === null),
    'a socket holds a port',
  );
  t.true(death_row.count <= 8192);
});
