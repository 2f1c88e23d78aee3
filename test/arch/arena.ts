/** What a program needs to call anything at all: one descriptor of each kind, and structures in memory. */
import type { Libc } from '../../index.js';
import { AF_INET, AF_UNIX, NR, SOCK_DGRAM, SOCK_STREAM } from '../../kernel-mock/include/uapi/index.js';

const UDP = 9998;
const TEXTS: Readonly<Record<string, string>> = {
  ...{ f: 'f', d: 'd', l: 'l', new: 'new', none: 'none', name: 'name', xname: 'user.n', xset: 'user.s', empty: '' },
};

/** Little-endian words of 64 bits. */
function quads(...values: readonly number[]): Uint8Array {
  const raw = new Uint8Array(8 * values.length);
  const view = new DataView(raw.buffer);
  values.forEach((value, i) => {
    view.setBigInt64(8 * i, BigInt.asIntN(64, BigInt(value)), true);
  });
  return raw;
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

function bytes_of(text: string): Uint8Array {
  return Uint8Array.from(`${text}\0`, (c) => c.charCodeAt(0));
}

/** `raw` at the start of `size` bytes. */
function padded(raw: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  out.set(raw);
  return out;
}

function inet(port: number): Uint8Array {
  return padded(Uint8Array.of(AF_INET, 0, port >> 8, port & 0xff, 127, 0, 0, 1), 200);
}

function unix(path: string): Uint8Array {
  return padded(Uint8Array.from([AF_UNIX, 0, ...bytes_of(path)]), 110);
}

/** The kinds of bad pointers, as the columns of pointers.tsv. */
const BAD = [0, 1, -1, 2 ** 47];

export class Arena {
  readonly fds: Record<string, number> = {};
  readonly #libc: Libc;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  #put(raw: Uint8Array): number {
    return this.#libc.cpu.memory.map(raw);
  }

  #bad(kind: number, name: string): number {
    // The last three bytes of an area: a text without its end, a structure without most of it.
    return BAD[kind] ?? this.#put(new Uint8Array(8).fill(name in TEXTS && name !== 'empty' ? 97 : 0)) + 5;
  }

  /** Structures that hold a pointer, which is `inner` if that is not undefined. */
  #nested(name: string, inner: number | undefined): number | undefined {
    const [kind, member] = name.split('.');
    switch (kind) {
      case 'iov':
        return this.#put(padded(quads(inner ?? this.#put(new Uint8Array(64)), 8), 16 * 1026));
      case 'pack':
        return this.#put(quads(inner ?? this.#put(quads(0)), 8));
      case 'argv':
        return this.#put(quads(inner ?? this.#put(bytes_of('x')), 0));
      case 'msg':
      case 'mmsg': {
        const iov = this.#put(quads(member === 'base' ? inner! : this.#put(new Uint8Array(64)), 8));
        const of = (which: string, other: number): number => (member === which ? inner! : other);
        const name_at = of('name', 0);
        const control = of('control', 0);
        const lengths = [member === 'name' ? 16 : 0, member === 'control' ? 64 : 0] as const;
        return this.#put(quads(name_at, lengths[0], of('iov', iov), 1, control, lengths[1], 0, 0));
      }
      default:
        return undefined;
    }
  }

  #structure(name: string): Uint8Array {
    const text = TEXTS[name];
    if (text !== undefined) return bytes_of(text);
    if (/^\d+$/.test(name)) return new Uint8Array(Number(name));
    const made: Readonly<Record<string, () => Uint8Array>> = {
      how: () => quads(0, 0, 0),
      how64: () => new Uint8Array(64),
      ts: () => quads(0, 0),
      tv: () => quads(0, 0),
      its: () => quads(0, 1000, 0, 1000),
      zits: () => quads(0, 0, 0, 0),
      sig: () => quads(1 << 9),
      set: () => new Uint8Array(128),
      pfd: () => words(this.fds['pipe_r']!, 1),
      ev: () => words(1, 0, 0),
      un: () => unix('bound'),
      unl: () => unix('ls'),
      undg: () => unix('dg'),
      in: () => inet(0),
      in1: () => inet(9999),
      len: () => words(64),
      neg: () => words(-1),
      zero: () => new Uint8Array(8),
      one: () => quads(1),
      flock: () => words(1, 0, 0, 0, 0, 0, 0, 0),
      off: () => quads(0),
      negoff: () => quads(-1),
      sigact: () => new Uint8Array(32),
      info: () => padded(words(0, 0, -1), 128),
      rlim: () => quads(64, 64),
    };
    return made[name]!();
  }

  /** The value of an argument: a number, a descriptor by name, `*NAME` a structure, `&NAME` one with a bad pointer in it. */
  register(arg: string, bad: number): number {
    const name = arg.slice(1);
    if (arg.startsWith('&')) return this.#nested(name, this.#bad(bad === -1 ? 0 : bad, name))!;
    if (arg.startsWith('*'))
      return bad === -1 ? (this.#nested(name, undefined) ?? this.#put(this.#structure(name))) : this.#bad(bad, name);
    return /^-?\d/.test(arg) ? Number(arg) : this.fds[arg]!;
  }

  /** Descriptors in the order of their numbers, from 3 to 29; what a release does not have is -1. */
  async furnish(): Promise<void> {
    const libc = this.#libc;
    const { fds } = this;
    const hello = bytes_of('hello world, this is data');
    await libc.umask(0o22);
    await libc.mkdir('/tmp', 0o1777);
    await libc.chdir('/tmp');
    await libc.mkdir('d', 0o755);
    fds['file'] = await libc.open('f', 0o102, 0o644);
    await libc.write(fds['file'], hello, 11);
    await libc.lseek(fds['file'], 0, 0);
    fds['rofile'] = await libc.open('f', 0);
    await libc.symlink('f', 'l');
    await libc.syscall(NR.setxattr, bytes_of('f'), bytes_of('user.s'), hello, 5, 0);
    fds['dir'] = await libc.open('.', 0o200000);
    await this.#furnish_streams(hello);
    await this.#furnish_events();
    fds['zero'] = await libc.open('/dev/zero', 2);
    fds['null'] = await libc.open('/dev/null', 2);
    fds['memfd'] = await libc.memfd_create('m', 0);
    await libc.write(fds['memfd'], hello, 11);
    await libc.lseek(fds['memfd'], 0, 0);
    await this.#furnish_sockets(hello);
    fds['pid'] = await libc.getpid();
    fds['pidfd'] = await libc.pidfd_open(fds['pid'], 0);
  }

  async #furnish_streams(hello: Uint8Array): Promise<void> {
    const libc = this.#libc;
    const { fds } = this;
    const pair: number[] = [];
    await libc.pipe(pair);
    [fds['pipe_r'], fds['pipe_w']] = pair as [number, number];
    await libc.write(fds['pipe_w'], hello, 20);
    await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    fds['sock'] = pair[0]!;
    await libc.write(pair[1]!, hello, 20);
    await libc.socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    fds['sockempty'] = pair[0]!;
  }

  async #furnish_events(): Promise<void> {
    const libc = this.#libc;
    const { fds } = this;
    fds['eventfd'] = await libc.eventfd(5, 0);
    fds['timerfd'] = await libc.timerfd_create(1, 0);
    if (fds['timerfd'] !== -1) {
      const now = { it_interval: { tv_sec: 0, tv_nsec: 0 }, it_value: { tv_sec: 0, tv_nsec: 1 } };
      await libc.timerfd_settime(fds['timerfd'], 0, now);
      await libc.poll([{ fd: fds['timerfd'], events: 1 }], -1);
    }
    fds['inotify'] = await libc.inotify_init();
    await libc.inotify_add_watch(fds['inotify'], 'd', 0x100);
    await libc.mkdir('d/x', 0o755);
    await libc.rmdir('d/x');
    await libc.sigprocmask(0, [10]);
    await libc.raise(10);
    fds['signalfd'] = await libc.signalfd(-1, [10], 0);
    fds['epoll'] = await libc.epoll_create(1);
    fds['epollr'] = await libc.epoll_create(1);
    await libc.epoll_ctl(fds['epollr'], 1, fds['pipe_w']!, { events: 4, data: 0 });
  }

  async #furnish_sockets(hello: Uint8Array): Promise<void> {
    const libc = this.#libc;
    const { fds } = this;
    fds['listener'] = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    fds['lconn'] = fds['listener'];
    await libc.bind(fds['lconn'], { family: AF_UNIX, path: 'ls' });
    await libc.listen(fds['lconn'], 5);
    await libc.connect(await libc.socket(AF_UNIX, SOCK_STREAM, 0), { family: AF_UNIX, path: 'ls' });
    fds['usock'] = await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    fds['dgram'] = await libc.socket(AF_UNIX, SOCK_DGRAM, 0);
    await libc.bind(await libc.socket(AF_UNIX, SOCK_DGRAM, 0), { family: AF_UNIX, path: 'dg' });
    fds['udp'] = await libc.socket(AF_INET, SOCK_DGRAM, 0);
    fds['udpr'] = await libc.socket(AF_INET, SOCK_DGRAM, 0);
    const addr = { family: AF_INET, addr: '127.0.0.1', port: UDP } as const;
    await libc.bind(fds['udpr'], addr);
    await libc.sendto(fds['udp'], hello.subarray(0, 11), 0, addr);
    fds['tcp'] = await libc.socket(AF_INET, SOCK_STREAM, 0);
  }
}
