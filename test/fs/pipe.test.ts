import test from 'ava';
import fc from 'fast-check';
import type { Libc, Release, ThrowingLibc } from '../../index.js';
import {
  FIONREAD,
  F_GETFD,
  F_GETFL,
  F_GETPIPE_SZ,
  F_SETFL,
  F_SETPIPE_SZ,
  NR,
  O_CLOEXEC,
  O_DIRECT,
  O_EXCL,
  O_NONBLOCK,
  O_WRONLY,
  POLLIN,
  POLLOUT,
  SIGPIPE,
  SIG_IGN,
} from '../../kernel-mock/include/uapi/index.js';
import { answer, answers, limit_descriptors, outcome } from '../facts.js';

const PAGE = 4096;
const has_pipe2 = ({ calls }: Release): boolean => calls.has('pipe2');
const today = ({ name }: Release): boolean => name === '6.18';

/** A pipe whose ends do not wait: [read, write]. */
async function nonblocking_pipe(ok: ThrowingLibc): Promise<[number, number]> {
  const fds = [-1, -1];
  await ok.pipe(fds);
  for (const fd of fds) await ok.fcntl(fd, F_SETFL, O_NONBLOCK);
  return [fds[0]!, fds[1]!];
}

async function nread(ok: ThrowingLibc, fd: number): Promise<number> {
  const n = { value: -1 };
  await ok.ioctl(fd, FIONREAD, n);
  return n.value;
}

// pipe and pipe2: errors, and no descriptor is lost.

interface Refusal {
  readonly name: string;
  readonly make: (libc: Libc) => Promise<number>;
  readonly expected: (release: Release) => string;
}
const raw = (flags: number, vector: Uint8Array | null) => (libc: Libc) => libc.syscall(NR.pipe2, vector, flags);
const of_pipe2 = (errno: string) => (release: Release) => (has_pipe2(release) ? errno : 'ENOSYS');
const REFUSALS: readonly Refusal[] = [
  { name: 'pipe: a null vector', make: (libc) => libc.syscall(NR.pipe, null), expected: () => 'EFAULT' },
  { name: 'pipe2: a null vector', make: raw(0, null), expected: of_pipe2('EFAULT') },
  { name: 'pipe2: a vector of one', make: raw(0, new Uint8Array(4)), expected: of_pipe2('EFAULT') },
  { name: 'pipe2: a flag that is none', make: raw(1, null), expected: of_pipe2('EINVAL') },
  {
    name: 'pipe2: notifications',
    make: raw(O_EXCL, null),
    expected: (r) => (today(r) ? 'ENOPKG' : of_pipe2('EINVAL')(r)),
  },
  {
    name: 'pipe2: packets before 3.4',
    make: raw(O_DIRECT, null),
    expected: (r) => (today(r) ? 'EFAULT' : of_pipe2('EINVAL')(r)),
  },
];
for (const { name, make, expected } of REFUSALS)
  test(
    name,
    answers,
    async (libc, ok) => [outcome(libc, await make(libc)), await ok.dup(0)],
    (release) => [expected(release), 3],
  );

test(
  'one descriptor left: it stays free',
  answers,
  async (libc, ok) => {
    await limit_descriptors(ok, 4);
    return [outcome(libc, await libc.pipe([])), await ok.dup(0)];
  },
  ['EMFILE', 3],
);
test(
  'pipe2: the flags of both ends',
  answers,
  async (_libc, ok) => {
    const fds = [-1, -1];
    await ok.pipe2(fds, O_CLOEXEC | O_NONBLOCK);
    const flags = [];
    for (const fd of fds) flags.push(await ok.fcntl(fd, F_GETFD), await ok.fcntl(fd, F_GETFL));
    return flags;
  },
  [1, O_NONBLOCK, 1, O_NONBLOCK | O_WRONLY],
);

// Sizes.

test(
  'the size of a pipe',
  answers,
  async (libc, ok) => {
    const [, w] = await nonblocking_pipe(ok);
    const sizes = [];
    for (const size of [1, PAGE + 1, 0, 3 * PAGE, -1])
      sizes.push(
        outcome(libc, await libc.fcntl(w, F_SETPIPE_SZ, size)),
        outcome(libc, await libc.fcntl(w, F_GETPIPE_SZ)),
      );
    return sizes;
  },
  (release) =>
    release.fcntl_pipe_size
      ? [PAGE, PAGE, 2 * PAGE, 2 * PAGE, PAGE, PAGE, 4 * PAGE, 4 * PAGE, 'EINVAL', 4 * PAGE]
      : new Array<string>(10).fill('EINVAL'),
);
test(
  'more than pipe-max-size is for root',
  answers,
  async (libc, ok) => {
    const [, w] = await nonblocking_pipe(ok);
    const root = outcome(libc, await libc.fcntl(w, F_SETPIPE_SZ, 2 ** 21));
    await ok.fcntl(w, F_SETPIPE_SZ, PAGE);
    await ok.setuid(1000);
    const user = [2 ** 20, 2 ** 20 + 1, 2 ** 31];
    const answers = [root];
    for (const size of user) answers.push(outcome(libc, await libc.fcntl(w, F_SETPIPE_SZ, size)));
    return answers;
  },
  (release) => (release.fcntl_pipe_size ? [2 ** 21, 2 ** 20, 'EPERM', 'EPERM'] : undefined),
);

// What a full pipe is: pages, not bytes.

for (const [size, count] of [
  [1, 65536],
  [2048, 32],
  [2049, 16],
  [3000, 16],
  [4096, 16],
] as const)
  test(
    `${count} writes of ${size} bytes fit`,
    answers,
    async (libc, ok) => {
      const [, w] = await nonblocking_pipe(ok);
      const bytes = new Uint8Array(size);
      let n = 0;
      while ((await libc.write(w, bytes)) === size) n++;
      return [n, outcome(libc, -1)];
    },
    [count, 'EAGAIN'],
  );

// Any program of writes and reads against a queue of pages.

interface Page {
  /** Where its bytes end in the page: what was read does not come back as room. */
  end: number;
  bytes: number[];
}

class Model {
  pages: Page[] = [];
  next = 0;
  readonly room: number;

  constructor(room: number) {
    this.room = room;
  }

  #put(n: number): number[] {
    return Array.from({ length: n }, () => this.next++ & 0xff);
  }

  /** Answers with the bytes written, or null: no room. */
  write(n: number): number | null {
    const odd = n % PAGE;
    const last = this.pages.at(-1);
    let done = 0;
    if (last !== undefined && odd > 0 && last.end + odd <= PAGE) {
      last.bytes.push(...this.#put(odd));
      last.end += odd;
      done = odd;
    }
    while (done < n && this.pages.length < this.room) {
      const len = Math.min(PAGE, n - done);
      this.pages.push({ end: len, bytes: this.#put(len) });
      done += len;
    }
    return done === 0 && n > 0 ? null : done;
  }

  read(n: number): number[] | null {
    if (this.pages.length === 0) return null;
    const out: number[] = [];
    while (out.length < n && this.pages.length > 0) {
      const [first] = this.pages;
      out.push(...first!.bytes.splice(0, n - out.length));
      if (first!.bytes.length === 0) this.pages.shift();
    }
    return out;
  }

  get length(): number {
    return this.pages.reduce((sum, page) => sum + page.bytes.length, 0);
  }
}

const size = fc.oneof(fc.integer({ min: 1, max: 3 * PAGE }), fc.constantFrom(1, 2048, 4095, 4096, 4097, 20000));
const steps = fc.array(fc.record({ write: fc.boolean(), size }), { minLength: 1, maxLength: 40, size: 'max' });

/** Bytes go out as 0, 1, 2 …, so that one that is lost or doubled shows. */
async function agrees(
  libc: Libc,
  ok: ThrowingLibc,
  program: readonly { write: boolean; size: number }[],
): Promise<string> {
  const [r, w] = await nonblocking_pipe(ok);
  // So small that it is full often: what is a page shows only then.
  await ok.fcntl(w, F_SETPIPE_SZ, 2 * PAGE);
  const model = new Model(2);
  for (const [i, step] of program.entries()) {
    const before = model.next;
    const buf = new Uint8Array(step.size).map((_, at) => before + at);
    const got = outcome(libc, await (step.write ? libc.write(w, buf) : libc.read(r, buf)));
    const want = step.write ? model.write(step.size) : model.read(step.size);
    const count = typeof want === 'number' ? want : (want?.length ?? 'EAGAIN');
    if (got !== count) return `step ${i}: ${got}, the model ${count}`;
    if (typeof want === 'object' && want?.some((byte, at) => byte !== buf[at]) === true)
      return `step ${i}: other bytes`;
    if ((await nread(ok, r)) !== model.length) return `step ${i}: FIONREAD`;
    const pollfds = [
      { fd: r, events: POLLIN, revents: 0 },
      { fd: w, events: POLLOUT, revents: 0 },
    ];
    await ok.poll(pollfds, 0);
    if ((pollfds[0]!.revents === POLLIN) !== model.pages.length > 0) return `step ${i}: POLLIN`;
    if ((pollfds[1]!.revents === POLLOUT) !== model.pages.length < model.room) return `step ${i}: POLLOUT`;
  }
  return 'agrees';
}

test('a pipe is a queue of pages', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, async (program) => {
      const got = await answer(t, { release: '6.18' }, (libc, ok) => agrees(libc, ok, program));
      if (got !== 'agrees') throw new Error(String(got));
    }),
    { numRuns: 60 },
  );
});

test(
  'nobody reads: EPIPE, and SIGPIPE unless it is ignored',
  answers,
  async (libc, ok) => {
    const [r, w] = await nonblocking_pipe(ok);
    await ok.signal(SIGPIPE, SIG_IGN);
    await ok.close(r);
    return libc.write(w, new Uint8Array(1));
  },
  'EPIPE',
);
