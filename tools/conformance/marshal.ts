/**
 * The arguments of one call: from their form in a case to numbers and memory in the layout of the ABI, and back into stored
 * values after the call. Nothing here knows a kernel; `calls.ts` hands the result to the library.
 */
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { SCM_CREDENTIALS, SCM_RIGHTS, SOL_SOCKET } from '../../kernel-mock/include/uapi/socket.js';
import { pack_address, unpack_address } from './address.js';
import { evaluate, evaluate_number, evaluate_size, interpolate, is_bytes_form, to_bytes } from './expression.js';
import { get, is_struct, pack_struct, put, struct_size, unpack_struct } from './struct.js';
import {
  type Fields,
  Malformed,
  type Scope,
  type Value,
  c_string,
  concat,
  is_object,
  latin1_bytes,
  show,
} from './value.js';

const { iovec: IOVEC, msghdr: MSGHDR, mmsghdr: MMSGHDR, cmsghdr: CMSGHDR, pollfd: POLLFD } = layout_x86_64;
const { epoll_event: EPOLL_EVENT, inotify_event: INOTIFY_EVENT, signalfd_siginfo: SIGINFO } = layout_x86_64;
const FD_SET = layout_x86_64.fd_set.size;
/** Zeros behind every buffer: a length that says more than there is must not meet an unmapped address. */
const SLACK = 256;
const MAX_SLACK = 1 << 20;
/** Room behind an address; also what a received name gets. */
const ADDRESS_ROOM = 256;
/** sizeof(sigset_t) in the C library; the kernel reads 8 bytes. */
const SIGSET_ROOM = 128;

/** A piece of user memory. */
export interface Block {
  /** The bytes that the argument names, and zeros behind them. */
  readonly bytes: Uint8Array;
  /** How many it names. */
  readonly size: number;
  /** Where in it the addresses of other pieces stand. */
  readonly pointers: (readonly [at: number, to: Block])[];
}

/** An element of an iovec: a block or a null pointer, and the length that is claimed. */
export interface Part {
  readonly block: Block | null;
  readonly len: bigint;
}

/** An action of posix_spawn on the child's descriptors. */
export type FileAction =
  | readonly ['close' | 'closefrom', number]
  | readonly ['dup2', number, number]
  | readonly ['open', number, string, number, number]
  | readonly ['chdir', string];

export interface SpawnAttr {
  readonly flags: number;
  readonly sigmask?: readonly number[];
  readonly sigdefault?: readonly number[];
  readonly pgroup?: number;
}

/** A marshalled argument. `form` is the key by which the case gave it. */
export type Arg =
  | { readonly form: 'number'; readonly value: number }
  | { readonly form: 'null' }
  | { readonly form: 'text'; readonly block: Block; readonly text: string | null }
  | { readonly form: 'iov'; readonly block: Block; readonly parts: readonly Part[] }
  | { readonly form: 'argv'; readonly block: Block; readonly strings: readonly string[] }
  | { readonly form: 'sigset'; readonly block: Block; readonly signals: readonly number[] }
  | { readonly form: 'memory'; readonly block: Block; readonly key: string; readonly count: number }
  | { readonly form: 'file_actions'; readonly actions: readonly FileAction[] }
  | { readonly form: 'spawnattr'; readonly attr: SpawnAttr };

/** After the call: store what `as` asks for. */
type Post = (ret: number) => void;

function block(size: number, slack = SLACK): Block {
  return { bytes: new Uint8Array(size + slack), size, pointers: [] };
}

function block_of(bytes: Uint8Array, slack = SLACK): Block {
  const b = block(bytes.length, slack);
  b.bytes.set(bytes);
  return b;
}

/**
 * A number as a register holds it, signed. What needs more than 53 bits loses low ones towards zero, so that it stays within
 * 64 bits and keeps its sign: the largest off_t is not beyond off_t.
 */
export function as_long(v: bigint): number {
  const long = BigInt.asIntN(64, v);
  const size = long < 0n ? -long : long;
  const excess = BigInt(Math.max(size.toString(2).length - 53, 0));
  const kept = Number((size >> excess) << excess);
  return long < 0n ? -kept : kept;
}

export function as_int(v: bigint): number {
  return Number(BigInt.asIntN(32, v));
}

/** The bits of a list of signals, as the first 8 bytes of a sigset_t. */
function signal_bits(signals: readonly number[]): bigint {
  return signals.reduce((bits, sig) => bits | (1n << BigInt(sig - 1)), 0n);
}

function list(x: unknown, what: string): unknown[] {
  if (!Array.isArray(x)) throw new Malformed(`${what} is no list: ${show(x)}`);
  return x;
}

function object(x: unknown, what: string): Record<string, unknown> {
  if (!is_object(x)) throw new Malformed(`${what} is no object: ${show(x)}`);
  return x;
}

export class Marshal {
  readonly args: Arg[] = [];
  readonly #scope: Scope;
  /** The path of a program that cases name. */
  readonly #prog: (name: string) => string;
  readonly #post: Post[] = [];
  /** The `space` buffers in order: what `data` compares. */
  readonly #spaces: Block[] = [];
  #last_size: number | null = null;
  #pending_address: ((length: () => number) => void) | null = null;

  constructor(specs: readonly unknown[], scope: Scope, prog: (name: string) => string) {
    this.#scope = scope;
    this.#prog = prog;
    specs.forEach((spec, i) => {
      this.args.push(this.#argument(spec, specs[i + 1]));
    });
  }

  /** Store what the arguments' `as` ask for. */
  finish(ret: number): void {
    for (const post of this.#post) post(ret);
  }

  /** The bytes in the `space` buffers, cut to the returned length. */
  data(ret: number): Uint8Array {
    return concat(this.#spaces.map((b) => b.bytes.subarray(0, b.size))).slice(0, Math.max(ret, 0));
  }

  #number(spec: unknown): bigint {
    return evaluate_number(spec, this.#scope);
  }

  #size(spec: unknown): number {
    return evaluate_size(spec, this.#scope);
  }

  #store(as: unknown, value: (ret: number) => Value): void {
    if (as === undefined) return;
    if (typeof as !== 'string') throw new Malformed(`as is no name: ${show(as)}`);
    this.#post.push((ret) => this.#scope.stored.set(as, value(ret)));
  }

  /** As much slack as the length behind a buffer claims, within reason. */
  #slack(size: number, next: unknown): number {
    if (next === undefined || next === null || typeof next === 'object' || next === 'sizeof') return SLACK;
    const claimed = evaluate(next, this.#scope);
    if (typeof claimed !== 'bigint' || claimed > BigInt(MAX_SLACK)) return SLACK;
    return Math.max(SLACK, Number(claimed) - size);
  }

  #argument(spec: unknown, next: unknown): Arg {
    if (spec === null) {
      this.#last_size = 0;
      return { form: 'null' };
    }
    if (spec === 'sizeof') {
      if (this.#last_size === null) throw new Malformed('sizeof without a buffer before it');
      return { form: 'number', value: this.#last_size };
    }
    if (typeof spec === 'number' || typeof spec === 'string')
      return { form: 'number', value: as_long(this.#number(spec)) };
    if (!is_object(spec)) throw new Malformed(`bad argument ${show(spec)}`);
    return this.#pointer(spec, next);
  }

  #text(bytes: Uint8Array): Arg {
    const text = Buffer.from(bytes).toString();
    // A string of JavaScript stands for these bytes only if it encodes to them.
    const same = Buffer.compare(Buffer.from(text), bytes) === 0 && !text.includes('\0');
    return { form: 'text', block: block_of(concat([bytes, Uint8Array.of(0)])), text: same ? text : null };
  }

  #pointer(a: Record<string, unknown>, next: unknown): Arg {
    if ('path' in a && !('family' in a)) {
      const { path } = a;
      return this.#text(
        typeof path === 'string' ? Buffer.from(interpolate(path, this.#scope)) : to_bytes(path, this.#scope),
      );
    }
    if ('prog' in a) return this.#text(Buffer.from(this.#prog(String(a.prog))));
    if ('sockaddr' in a) return this.#address_room(a);
    if ('struct' in a) return this.#struct(a);
    if ('iov' in a) return this.#iov(list(a.iov, 'iov'));
    if ('msg' in a) return this.#msg(a);
    if ('mmsg' in a) return this.#mmsg(a);
    if ('sigset' in a) return this.#sigset(a);
    if ('argv' in a) return this.#argv(list(a.argv, 'argv'));
    if ('file_actions' in a) return this.#file_actions(list(a.file_actions, 'file_actions'));
    if ('spawnattr' in a) return this.#spawnattr(object(a.spawnattr, 'spawnattr'));
    return this.#buffer(a, next) ?? this.#array(a);
  }

  #memory(b: Block, key: string, count = 0): Arg {
    return { form: 'memory', block: b, key, count };
  }

  /** BYTES, an address, {space}, {int}, {u64}: what `sizeof` measures in bytes. */
  #buffer(a: Record<string, unknown>, next: unknown): Arg | null {
    if ('family' in a) {
      const raw = pack_address(a, this.#scope);
      this.#last_size = raw.length;
      return this.#memory(block_of(raw, Math.max(ADDRESS_ROOM - raw.length, SLACK)), 'family');
    }
    if (is_bytes_form(a)) {
      const raw = to_bytes(a, this.#scope);
      this.#last_size = raw.length;
      return this.#memory(block_of(raw, this.#slack(raw.length, next)), 'bytes');
    }
    if ('space' in a) {
      const n = this.#size(a.space);
      const b = block(n, this.#slack(n, next));
      this.#last_size = n;
      this.#spaces.push(b);
      this.#store(a.as, () => b.bytes.slice(0, n));
      return this.#memory(b, 'space');
    }
    if ('u64' in a || 'int' in a) return this.#scalar(a);
    return null;
  }

  #scalar(a: Record<string, unknown>): Arg {
    const [key, type, size] = 'u64' in a ? (['u64', 'u64', 8] as const) : (['int', 's32', 4] as const);
    const b = block(size);
    put(b.bytes, 0, type, this.#number(a[key]));
    this.#last_size = size;
    this.#store(a.as, () => get(b.bytes, 0, type));
    this.#pending_address?.(() => Number(get(b.bytes, 0, 's32')));
    this.#pending_address = null;
    return this.#memory(b, key);
  }

  #address_room(a: Record<string, unknown>): Arg {
    const n = this.#size(a.sockaddr);
    const b = block(n);
    this.#last_size = n;
    this.#pending_address = (length) => {
      this.#store(a.as, () => unpack_address(b.bytes.subarray(0, n), Math.min(length(), n)));
    };
    return this.#memory(b, 'sockaddr');
  }

  #struct(a: Record<string, unknown>): Arg {
    const name = a.struct;
    if (!is_struct(name)) throw new Malformed(`unknown struct ${show(name)}`);
    const n = struct_size(name) + (a.pad === undefined ? 0 : this.#size(a.pad));
    const b = block(n);
    pack_struct(name, a, this.#scope, b.bytes, ['struct', 'as', 'pad']);
    this.#last_size = n;
    this.#store(a.as, () => unpack_struct(name, b.bytes));
    return this.#memory(b, `struct ${name}`);
  }

  /** {ints}, {pollfds}, {epoll_events}, {inotify_events}, {siginfos}, {fdset}. */
  #array(a: Record<string, unknown>): Arg {
    if ('ints' in a) {
      const n = this.#size(a.ints);
      const b = block(4 * n);
      b.bytes.fill(0xff, 0, 4 * n);
      this.#last_size = 4 * n;
      this.#store(a.as, () => Array.from({ length: n }, (_, i) => get(b.bytes, 4 * i, 's32')));
      return this.#memory(b, 'ints', n);
    }
    if ('pollfds' in a) return this.#pollfds(a);
    if ('epoll_events' in a) {
      const n = this.#size(a.epoll_events);
      const b = block(EPOLL_EVENT.size * n);
      const one = (i: number): Fields => unpack_struct('epoll_event', b.bytes.subarray(EPOLL_EVENT.size * i));
      this.#store(a.as, (ret) => Array.from({ length: Math.max(ret, 0) }, (_, i) => one(i)));
      return this.#memory(b, 'epoll_events', n);
    }
    if ('inotify_events' in a) {
      const n = this.#size(a.inotify_events);
      const b = block(n);
      this.#last_size = n;
      this.#store(a.as, (ret) => inotify_events(b.bytes, ret));
      return this.#memory(b, 'inotify_events');
    }
    if ('siginfos' in a) {
      const n = this.#size(a.siginfos);
      const b = block(SIGINFO.size * n);
      this.#last_size = SIGINFO.size * n;
      const one = (i: number): Fields => unpack_struct('signalfd_siginfo', b.bytes.subarray(SIGINFO.size * i));
      this.#store(a.as, (ret) => Array.from({ length: Math.floor(Math.max(ret, 0) / SIGINFO.size) }, (_, i) => one(i)));
      return this.#memory(b, 'siginfos');
    }
    if ('fdset' in a) return this.#fdset(a);
    throw new Malformed(`bad argument ${show(a)}`);
  }

  #pollfds(a: Record<string, unknown>): Arg {
    const items = list(a.pollfds, 'pollfds').map((item) => object(item, 'a pollfd'));
    const b = block(POLLFD.size * items.length);
    items.forEach((item, i) => {
      put(b.bytes, POLLFD.size * i + POLLFD.fd, 's32', this.#number(item.fd));
      put(b.bytes, POLLFD.size * i + POLLFD.events, 's16', this.#number(item.events ?? 0));
    });
    this.#last_size = b.size;
    this.#store(a.as, () =>
      items.map((_, i) => ({
        fd: get(b.bytes, POLLFD.size * i + POLLFD.fd, 's32'),
        events: get(b.bytes, POLLFD.size * i + POLLFD.events, 's16'),
        revents: get(b.bytes, POLLFD.size * i + POLLFD.revents, 's16'),
      })),
    );
    return this.#memory(b, 'pollfds', items.length);
  }

  #fdset(a: Record<string, unknown>): Arg {
    const b = block(FD_SET);
    for (const item of list(a.fdset, 'fdset')) {
      const fd = this.#size(item);
      if (fd >= 8 * FD_SET) throw new Malformed(`${fd} does not fit an fd_set`);
      b.bytes[fd >> 3]! |= 1 << (fd & 7);
    }
    this.#store(a.as, () => {
      const set: Value[] = [];
      for (let fd = 0; fd < 8 * FD_SET; fd++) if (((b.bytes[fd >> 3]! >> (fd & 7)) & 1) !== 0) set.push(BigInt(fd));
      return set;
    });
    return this.#memory(b, 'fdset');
  }

  #signals(x: unknown, what: string): number[] {
    return list(x, what).map((item) => {
      const sig = this.#number(item);
      if (sig < 1n || sig > 64n) throw new Malformed(`${show(item)} is no signal`);
      return Number(sig);
    });
  }

  #sigset(a: Record<string, unknown>): Arg {
    const signals = this.#signals(a.sigset, 'sigset');
    const b = block(8, SIGSET_ROOM);
    put(b.bytes, 0, 'u64', signal_bits(signals));
    this.#last_size = 8;
    this.#store(a.as, () => {
      const bits = get(b.bytes, 0, 'u64');
      const all = Array.from({ length: 64 }, (_, i) => BigInt(i + 1));
      return all.filter((sig) => ((bits >> (sig - 1n)) & 1n) !== 0n);
    });
    return { form: 'sigset', block: b, signals };
  }

  #argv(items: unknown[]): Arg {
    const strings = items.map((item) => interpolate(item, this.#scope));
    const b = block(8 * (strings.length + 1));
    strings.forEach((text, i) => b.pointers.push([8 * i, block_of(concat([latin1_bytes(text), Uint8Array.of(0)]))]));
    return { form: 'argv', block: b, strings };
  }

  #iov(items: unknown[]): Extract<Arg, { form: 'iov' }> {
    const b = block(IOVEC.size * items.length);
    const parts = items.map((item) => this.#part(item));
    parts.forEach((part, i) => {
      if (part.block !== null) b.pointers.push([IOVEC.size * i + IOVEC.iov_base, part.block]);
      put(b.bytes, IOVEC.size * i + IOVEC.iov_len, 'u64', part.len);
    });
    return { form: 'iov', block: b, parts };
  }

  #part(item: unknown): Part {
    if (item === null) return { block: null, len: 0n };
    const it = object(item, 'an element of iov');
    if ('base' in it) {
      if (it.base !== null) throw new Malformed(`base is not null: ${show(it.base)}`);
      return { block: null, len: BigInt.asUintN(64, this.#number(it.len)) };
    }
    const { len, ...rest } = it;
    const arg = this.#pointer(rest, len);
    if (arg.form !== 'memory') throw new Malformed(`bad element of iov: ${show(item)}`);
    return {
      block: arg.block,
      len: BigInt.asUintN(64, len === undefined ? BigInt(this.#last_size ?? 0) : this.#number(len)),
    };
  }

  #msg(a: Record<string, unknown>): Arg {
    const b = block(MSGHDR.size);
    const read = this.#msghdr(object(a.msg, 'msg'), b, 0);
    this.#store(a.as, (ret) => read(ret));
    return this.#memory(b, 'msg');
  }

  #mmsg(a: Record<string, unknown>): Arg {
    const items = list(a.mmsg, 'mmsg').map((item) => object(item, 'an element of mmsg'));
    const b = block(MMSGHDR.size * items.length);
    const reads = items.map((item, i) => this.#msghdr(item, b, MMSGHDR.size * i));
    const length = (i: number): bigint => get(b.bytes, MMSGHDR.size * i + MMSGHDR.msg_len, 'u32');
    this.#store(a.as, (ret) => reads.map((read, i) => ({ ...read(i < ret ? Number(length(i)) : 0), len: length(i) })));
    return this.#memory(b, 'mmsg', items.length);
  }

  /** Lay out a struct msghdr at `at`; answers with how to read it after the call. */
  #msghdr(m: Record<string, unknown>, b: Block, at: number): (ret: number) => Fields {
    const name = this.#msg_name(m, b, at);
    const before = this.#spaces.length;
    if ('iov' in m) {
      const { block: vector, parts } = this.#iov(list(m.iov, 'iov'));
      b.pointers.push([at + MSGHDR.msg_iov, vector]);
      put(b.bytes, at + MSGHDR.msg_iovlen, 'u64', 'iovlen' in m ? this.#number(m.iovlen) : BigInt(parts.length));
    }
    const mine = this.#spaces.slice(before);
    const control = this.#msg_control(m, b, at);
    put(b.bytes, at + MSGHDR.msg_flags, 's32', this.#number(m.flags ?? 0));
    return (ret) => {
      const controllen = get(b.bytes, at + MSGHDR.msg_controllen, 'u64');
      const namelen = get(b.bytes, at + MSGHDR.msg_namelen, 'u32');
      const received = 'control_space' in m && control !== null;
      return {
        flags: get(b.bytes, at + MSGHDR.msg_flags, 's32'),
        controllen,
        namelen,
        control: received
          ? control_messages(control.bytes.subarray(0, Math.min(Number(controllen), control.bytes.length)))
          : [],
        ...(name === null ? {} : { name: unpack_address(name.bytes.subarray(0, ADDRESS_ROOM), Number(namelen)) }),
        data: concat(mine.map((s) => s.bytes.subarray(0, s.size))).slice(0, Math.max(ret, 0)),
      };
    };
  }

  #msg_name(m: Record<string, unknown>, b: Block, at: number): Block | null {
    let name: Block;
    let len: bigint;
    if (m.name !== undefined && m.name !== null) {
      const raw = pack_address(object(m.name, 'name'), this.#scope);
      name = block_of(raw, Math.max(ADDRESS_ROOM - raw.length, 0));
      len = 'namelen' in m ? this.#number(m.namelen) : BigInt(raw.length);
    } else if ('name_space' in m) {
      name = block(ADDRESS_ROOM);
      len = BigInt(this.#size(m.name_space));
    } else return null;
    b.pointers.push([at + MSGHDR.msg_name, name]);
    put(b.bytes, at + MSGHDR.msg_namelen, 'u32', len);
    return name;
  }

  #msg_control(m: Record<string, unknown>, b: Block, at: number): Block | null {
    let control: Block | null = null;
    let len = BigInt(m.controllen === undefined ? 0 : this.#number(m.controllen));
    if ('control' in m) {
      const raw = concat(list(m.control, 'control').map((item) => this.#cmsg(object(item, 'a control message'))));
      control = block_of(raw);
      if (!('controllen' in m)) len = BigInt(raw.length);
    } else if ('control_space' in m) {
      control = block(this.#size(m.control_space));
      len = BigInt(control.size);
    }
    if (control !== null) b.pointers.push([at + MSGHDR.msg_control, control]);
    put(b.bytes, at + MSGHDR.msg_controllen, 'u64', len);
    return control;
  }

  /** One control message, padded to 8 bytes. */
  #cmsg(item: Record<string, unknown>): Uint8Array {
    let data: Uint8Array;
    if ('fds' in item) {
      const fds = list(item.fds, 'fds');
      data = new Uint8Array(4 * fds.length);
      fds.forEach((fd, i) => {
        put(data, 4 * i, 's32', this.#number(fd));
      });
    } else if ('cred' in item) {
      data = new Uint8Array(struct_size('ucred'));
      pack_struct('ucred', object(item.cred, 'cred'), this.#scope, data);
    } else data = to_bytes(item.payload ?? { bytes: '' }, this.#scope);
    const raw = new Uint8Array((CMSGHDR.size + data.length + 7) & ~7);
    const len = 'len' in item ? this.#number(item.len) : BigInt(CMSGHDR.size + data.length);
    put(raw, CMSGHDR.cmsg_len, 'u64', len);
    put(raw, CMSGHDR.cmsg_level, 's32', this.#number(item.level));
    put(raw, CMSGHDR.cmsg_type, 's32', this.#number(item.type));
    raw.set(data, CMSGHDR.size);
    return raw;
  }

  #file_actions(items: unknown[]): Arg {
    const int = (x: unknown): number => as_int(this.#number(x));
    const text = (x: unknown): string => interpolate(x, this.#scope);
    const actions = items.map((item): FileAction => {
      const [kind, ...a] = list(item, 'a file action');
      const want = { close: 1, closefrom: 1, dup2: 2, open: 4, chdir: 1 }[String(kind)];
      if (a.length !== want) throw new Malformed(`bad file action ${show(item)}`);
      if (kind === 'close' || kind === 'closefrom') return [kind, int(a[0])];
      if (kind === 'dup2') return [kind, int(a[0]), int(a[1])];
      if (kind === 'open') return [kind, int(a[0]), text(a[1]), int(a[2]), int(a[3])];
      return ['chdir', text(a[0])];
    });
    return { form: 'file_actions', actions };
  }

  #spawnattr(o: Record<string, unknown>): Arg {
    const attr: SpawnAttr = {
      flags: as_int(this.#number(o.flags)),
      ...('sigmask' in o ? { sigmask: this.#signals(o.sigmask, 'sigmask') } : {}),
      ...('sigdefault' in o ? { sigdefault: this.#signals(o.sigdefault, 'sigdefault') } : {}),
      ...('pgroup' in o ? { pgroup: as_int(this.#number(o.pgroup)) } : {}),
    };
    return { form: 'spawnattr', attr };
  }
}

function inotify_events(bytes: Uint8Array, ret: number): Value[] {
  const events: Value[] = [];
  for (let at = 0; at < ret;) {
    const one = bytes.subarray(at);
    const len = Number(get(one, INOTIFY_EVENT.len, 'u32'));
    events.push({
      wd: get(one, INOTIFY_EVENT.wd, 's32'),
      mask: get(one, INOTIFY_EVENT.mask, 'u32'),
      cookie: get(one, INOTIFY_EVENT.cookie, 'u32'),
      name: c_string(one.subarray(INOTIFY_EVENT.name, INOTIFY_EVENT.name + len)),
    });
    at += INOTIFY_EVENT.name + len;
  }
  return events;
}

function control_messages(raw: Uint8Array): Value[] {
  const messages: Value[] = [];
  for (let at = 0; at + CMSGHDR.size <= raw.length;) {
    const one = raw.subarray(at);
    const len = Number(get(one, CMSGHDR.cmsg_len, 'u64'));
    if (len < CMSGHDR.size) break;
    const level = get(one, CMSGHDR.cmsg_level, 's32');
    const type = get(one, CMSGHDR.cmsg_type, 's32');
    const body = one.subarray(CMSGHDR.size, len);
    const fields: Fields = { level, type, len: BigInt(len) };
    if (level === BigInt(SOL_SOCKET) && type === BigInt(SCM_RIGHTS))
      fields.fds = Array.from({ length: body.length >> 2 }, (_, i) => get(body, 4 * i, 's32'));
    else if (level === BigInt(SOL_SOCKET) && type === BigInt(SCM_CREDENTIALS) && body.length >= struct_size('ucred'))
      fields.cred = unpack_struct('ucred', body);
    else fields.payload = body.slice();
    messages.push(fields);
    at += Math.ceil(len / 8) * 8;
  }
  return messages;
}
