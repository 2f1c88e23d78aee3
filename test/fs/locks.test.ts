import test from 'ava';
import fc from 'fast-check';
import type { Libc, Release, ThrowingLibc } from '../../index.js';
import {
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_RDLCK,
  F_UNLCK,
  F_WRLCK,
  F_GETLK,
  F_SETLK,
  LOCK_EX,
  LOCK_NB,
  O_CREAT,
  O_PATH,
  O_RDWR,
} from '../../kernel-mock/include/uapi/index.js';
import { answer, answers, outcome } from '../facts.js';

const FILE = '/tmp/locked';
const open = (ok: ThrowingLibc): Promise<number> => ok.open(FILE, O_CREAT | O_RDWR, 0o644);
const has_ofd = ({ fcntl_later }: Release): boolean => fcntl_later.has(F_OFD_SETLK);

/** What another process finds in the way of a write lock on the whole file: [start, length] or null. */
async function seen_by_child(ok: ThrowingLibc, fd: number): Promise<boolean> {
  const pid = await ok.fork(async (libc) => {
    const lock = { l_type: F_WRLCK, l_start: 0, l_len: 0 };
    await libc.fcntl(fd, F_GETLK, lock);
    return lock.l_type === F_UNLCK ? 0 : 1;
  });
  const status = { value: -1 };
  await ok.waitpid(pid, status, 0);
  return status.value !== 0;
}

/** What a process does after it has taken a lock, and whether it still has it then. */
const AFTERWARDS: readonly (readonly [string, (ok: ThrowingLibc, fd: number) => Promise<unknown>, boolean])[] = [
  ['nothing', () => Promise.resolve(0), true],
  ['closes another descriptor of the file', async (ok) => ok.close(await open(ok)), false],
  ['closes a dup', async (ok, fd) => ok.close(await ok.dup(fd)), false],
  ['puts something else in the place of a dup', async (ok, fd) => ok.dup2(0, await ok.dup(fd)), false],
  ['closes another file', async (ok) => ok.close(await ok.open('/tmp', 0)), true],
  ['takes flock on it', (ok, fd) => ok.flock(fd, LOCK_EX | LOCK_NB), true],
];
for (const [what, act, kept] of AFTERWARDS)
  test(
    `a record lock, and its owner then ${what}`,
    answers,
    async (_libc, ok) => {
      const fd = await open(ok);
      await ok.fcntl(fd, F_SETLK, { l_type: F_WRLCK });
      await act(ok, fd);
      return seen_by_child(ok, fd);
    },
    kept,
  );
test(
  'a record lock outlives an O_PATH descriptor of the file',
  answers,
  async (_libc, ok) => {
    const fd = await open(ok);
    await ok.fcntl(fd, F_SETLK, { l_type: F_WRLCK });
    await ok.close(await ok.open(FILE, O_PATH));
    return seen_by_child(ok, fd);
  },
  (release) => (release.name === '6.18' ? true : undefined),
);
test(
  'locks of open files came with 3.15',
  answers,
  async (libc, ok) => outcome(libc, await libc.fcntl(await open(ok), F_OFD_SETLK, { l_type: F_WRLCK })),
  (release) => (has_ofd(release) ? 0 : 'EINVAL'),
);

// Any program of locks against one array of bytes for each open file.

const BYTES = 40;
const OWNERS = 3;
const TYPES = [F_RDLCK, F_WRLCK, F_UNLCK] as const;
const step = fc.record({
  owner: fc.nat(OWNERS - 1),
  type: fc.constantFrom(...TYPES),
  start: fc.nat(BYTES - 1),
  len: fc.nat(12),
  ask: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The type of every byte's lock, by owner. */
type Bytes = number[][];

function conflicting(bytes: Bytes, { owner, type }: Step, from: number, to: number): boolean {
  const hurts = (held: number): boolean => held === F_WRLCK || (held === F_RDLCK && type === F_WRLCK);
  return bytes.some((held, other) => other !== owner && held.slice(from, to).some(hurts));
}

/** The locks of one owner: runs of bytes of one type, as [start, end, type]. */
function runs(held: readonly number[]): [number, number, number][] {
  const found: [number, number, number][] = [];
  for (const [at, type] of held.entries()) {
    const last = found.at(-1);
    if (type === F_UNLCK) continue;
    if (last !== undefined && last[1] === at && last[2] === type) last[1] = at + 1;
    else found.push([at, at + 1, type]);
  }
  return found;
}

/** Is what F_OFD_GETLK shows a whole lock of another one that overlaps and conflicts? */
function is_blocker(
  bytes: Bytes,
  s: Step,
  from: number,
  to: number,
  shown: readonly [number, number, number],
): boolean {
  const [start, end, type] = shown;
  if (start >= to || end <= from || (type !== F_WRLCK && s.type !== F_WRLCK)) return false;
  return bytes.some((held, other) => other !== s.owner && runs(held).some((run) => run.join() === shown.join()));
}

async function locks_agree(libc: Libc, ok: ThrowingLibc, program: readonly Step[]): Promise<string> {
  const fds: number[] = [];
  for (let i = 0; i < OWNERS; i++) fds.push(await open(ok));
  const bytes: Bytes = fds.map(() => new Array<number>(BYTES).fill(F_UNLCK));
  for (const [i, s] of program.entries()) {
    const from = s.start;
    // The model ends at its last byte; a lock to the end of the file goes on.
    const to = s.len === 0 ? BYTES : Math.min(s.start + s.len, BYTES);
    const lock = { l_type: s.type, l_start: from, l_len: s.len === 0 || to === BYTES ? 0 : to - from };
    const blocked = s.type !== F_UNLCK && conflicting(bytes, s, from, to);
    if (s.ask && s.type !== F_UNLCK) {
      await ok.fcntl(fds[s.owner]!, F_OFD_GETLK, lock);
      if ((lock.l_type !== F_UNLCK) !== blocked) return `step ${i}: F_OFD_GETLK finds ${lock.l_type}`;
      const end = lock.l_len === 0 ? BYTES : lock.l_start + lock.l_len;
      if (blocked && !is_blocker(bytes, s, from, to, [lock.l_start, end, lock.l_type]))
        return `step ${i}: not in the way`;
      continue;
    }
    const got = outcome(libc, await libc.fcntl(fds[s.owner]!, F_OFD_SETLK, lock));
    if (got !== (blocked ? 'EAGAIN' : 0)) return `step ${i}: ${got}, the model ${blocked ? 'EAGAIN' : 0}`;
    if (!blocked) bytes[s.owner]!.fill(s.type, from, to);
  }
  return 'agrees';
}

test('locks are what a lock of every byte would be', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), async (program) => {
      const got = await answer(t, { release: '6.18' }, (libc, ok) => locks_agree(libc, ok, program));
      if (got !== 'agrees') throw new Error(String(got));
    }),
    { numRuns: 200 },
  );
});

/** A struct flock whose numbers need 64 bits. */
function flock(type: number, whence: number, start: bigint, len: bigint, pid: number): Uint8Array {
  const raw = new Uint8Array(32);
  const view = new DataView(raw.buffer);
  view.setInt16(0, type, true);
  view.setInt16(2, whence, true);
  view.setBigInt64(8, start, true);
  view.setBigInt64(16, len, true);
  view.setInt32(24, pid, true);
  return raw;
}
const END = 2n ** 63n - 1n;
// What is wrong with a lock, in the order in which Linux 6.18 finds it: F_OFD_GETLK, F_GETLK.
const WRONG: readonly (readonly [string, Uint8Array, ofd: unknown, posix: unknown])[] = [
  ['a pid', flock(F_WRLCK, 0, 0n, 0n, 1), 'EINVAL', 0],
  ['a range beyond the end', flock(F_WRLCK, 1, END, 0n, 0), 'EOVERFLOW', 'EOVERFLOW'],
  ['a length beyond the end', flock(F_RDLCK, 0, END, 2n, 1), 'EOVERFLOW', 'EOVERFLOW'],
  ['a range before the start', flock(F_RDLCK, 0, 5n, -6n, 0), 'EINVAL', 'EINVAL'],
  ['no type, and a range beyond the end', flock(9, 2, END, 0n, 0), 'EOVERFLOW', 'EINVAL'],
  ['no type', flock(9, 0, 5n, -5n, 0), 'EINVAL', 'EINVAL'],
  ['nothing to lock', flock(F_UNLCK, 0, 0n, 0n, 0), 0, 'EINVAL'],
];
for (const [what, raw, ofd, posix] of WRONG)
  test(
    `asking with ${what}`,
    answers,
    async (libc: Libc, ok: ThrowingLibc) => {
      const fd = await open(ok);
      await ok.write(fd, 'hello');
      const ask = async (cmd: number): Promise<unknown> => outcome(libc, await libc.fcntl(fd, cmd, raw.slice()));
      return [await ask(F_OFD_GETLK), await ask(F_GETLK)];
    },
    (release: Release) => (has_ofd(release) ? [ofd, posix] : ['EINVAL', posix]),
  );
