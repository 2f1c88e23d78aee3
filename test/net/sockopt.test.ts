/**
 * Every socket option, as Linux 6.18 answered root for it in a network with lo alone: sockopt.tsv. A line is a level, an option,
 * the sockets it holds for, and what is found: getsockopt with room for 600, 1 and no bytes (the length, and the int if it is
 * one); setsockopt of each of VALUES (what is read back, '=' itself, or an errno); setsockopt of each of LENGTHS bytes.
 */
import { readFileSync } from 'node:fs';
import test from 'ava';
import type { Libc, ThrowingLibc } from '../../index.js';
import * as uapi from '../../kernel-mock/include/uapi/index.js';
import { answer } from '../facts.js';

const VALUES = [-2, -1, 0, 1, 2, 6, 88, 255, 256, 1000, 65535, 65536];
const LENGTHS = [0, 1, 2, 3, 8, 16];
const KINDS: Readonly<Record<string, readonly [family: number, type: number]>> = {
  tcp: [uapi.AF_INET, uapi.SOCK_STREAM],
  tcp6: [uapi.AF_INET6, uapi.SOCK_STREAM],
  unix: [uapi.AF_UNIX, uapi.SOCK_STREAM],
  udp: [uapi.AF_INET, uapi.SOCK_DGRAM],
  udp6: [uapi.AF_INET6, uapi.SOCK_DGRAM],
  'unix dgram': [uapi.AF_UNIX, uapi.SOCK_DGRAM],
};
const rows = readFileSync('test/net/sockopt.tsv', 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split('\t') as [level: string, optname: string, kinds: string, expected: string]);

const ONE = Uint8Array.of(1, ...new Array<number>(15).fill(0));
const int = (n: number): Uint8Array => new Uint8Array(Int32Array.of(n).buffer);
const value = (raw: Uint8Array): number => new DataView(raw.buffer).getInt32(0, true);

class Prober {
  readonly libc: Libc;
  readonly ok: ThrowingLibc;
  readonly kind: readonly [family: number, type: number];
  readonly level: number;
  readonly optname: number;

  constructor(libc: Libc, ok: ThrowingLibc, kind: string, level: number, optname: number) {
    this.libc = libc;
    this.ok = ok;
    this.kind = KINDS[kind]!;
    this.level = level;
    this.optname = optname;
  }

  /** What `go` finds on a socket of its own. */
  async fresh(go: (fd: number) => Promise<string>): Promise<string> {
    const fd = await this.ok.socket(...this.kind, 0);
    const found = await go(fd);
    await this.ok.close(fd);
    return found;
  }

  async get(fd: number, room: number): Promise<[len: number | string, raw: Uint8Array]> {
    const raw = new Uint8Array(Math.max(room, 4));
    const len = int(room);
    const ret = await this.libc.syscall(uapi.NR.getsockopt, fd, this.level, this.optname, raw, len);
    return [ret === -1 ? uapi.errno_names[this.libc.errno]! : value(len), raw];
  }

  async set(fd: number, raw: Uint8Array, len: number): Promise<string> {
    const ret = await this.libc.syscall(uapi.NR.setsockopt, fd, this.level, this.optname, raw, len);
    return ret === -1 ? uapi.errno_names[this.libc.errno]! : 'ok';
  }

  async lengths(fd: number): Promise<string> {
    const found: string[] = [];
    for (const room of [600, 1, 0]) {
      const [len, raw] = await this.get(fd, room);
      if (typeof len === 'string') found.push(len);
      else if (room < 600) found.push(`len${len}`);
      else found.push(len <= 4 ? `len ${len} =${value(raw)}` : `len ${len}`);
    }
    return found.join(' ; ');
  }

  async set_and_get(fd: number, val: number): Promise<string> {
    const err = await this.set(fd, int(val), 4);
    if (err !== 'ok') return err;
    const [len, raw] = await this.get(fd, 4);
    if (typeof len === 'string') return `ok/${len}`;
    return value(raw) === val ? '=' : String(value(raw));
  }

  async probe(): Promise<string> {
    const values: string[] = [];
    for (const val of VALUES) values.push(await this.fresh((fd) => this.set_and_get(fd, val)));
    const lens: string[] = [];
    for (const len of LENGTHS) lens.push(await this.fresh((fd) => this.set(fd, ONE, len)));
    const first = await this.fresh((fd) => this.lengths(fd));
    return [first, values.join(' '), lens.join(' ')].join(' | ');
  }
}

for (const level of new Set(rows.map(([name]) => name)))
  test(`options of level ${level}`, async (t) => {
    const mine = rows.filter(([name]) => name === level);
    t.true(mine.length > 0);
    const found = await answer(t, { release: '6.18' }, async (libc, ok) => {
      const lines: string[] = [];
      for (const [, optname, kinds] of mine)
        for (const kind of kinds.split(',')) {
          const prober = new Prober(libc, ok, kind, Number(level), Number(optname));
          lines.push(`${optname} ${kind}: ${await prober.probe()}`);
        }
      return lines;
    });
    const expected = mine.flatMap(([, optname, kinds, line]) =>
      kinds.split(',').map((kind) => `${optname} ${kind}: ${line}`),
    );
    t.deepEqual(found, expected);
  });
