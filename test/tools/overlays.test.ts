/** Overlays: the same program above the same release, and something in between. */
import test from 'ava';
import { type Libc, throwing } from '../../index.js';
import {
  AF_UNIX,
  FD_CLOEXEC,
  F_GETFD,
  NR,
  O_CLOEXEC,
  SIGSYS,
  SOCK_CLOEXEC,
  SOCK_STREAM,
} from '../../kernel-mock/include/uapi/index.js';
import { OverlayError, overlay, parse_overlay } from '../../tools/index.js';
import { outcome } from '../facts.js';
import { boot_for } from '../helpers.js';

type Fact = (libc: Libc) => Promise<unknown>;
const NOBODY = 900;

const under = test.macro({
  async exec(t, release: string, overlays: readonly string[], fact: Fact, expected: unknown) {
    const kernel = boot_for(t, { release });
    overlay(kernel, ...overlays);
    let got: unknown = 'nothing';
    const status = await kernel.run(async (libc) => {
      const value = await fact(libc);
      got = value === -1 ? outcome(libc, -1) : value;
    });
    t.deepEqual((status & 0x7f) === 0 ? got : `signal ${status & 0x7f}`, expected);
  },
  title: (title, release: string, overlays: readonly string[]) => `${title ?? ''} (${release}, ${overlays.join(' ')})`,
});

const raw =
  (nr: number, ...args: number[]): Fact =>
  (libc) =>
    libc.syscall(nr, ...args);
const marked: Fact = async (libc) => {
  const ok = throwing(libc);
  return ok.fcntl(await ok.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), F_GETFD);
};

test('nothing over it', under, '6.18', [], raw(NOBODY), 'ENOSYS');
test('a number that nobody has', under, '6.18', ['docker-eperm'], raw(NOBODY), 'EPERM');
test(
  'a call that the profile has not heard of',
  under,
  '6.18',
  ['docker-eperm'],
  raw(NR.close_range, 3, 9, 0),
  'EPERM',
);
test('a call of old', under, '6.18', ['docker-eperm'], raw(NR.dup, 0), 3);
test('a call that the release lacks', under, '2.6.26', ['docker-eperm'], raw(NR.accept4, 0), 'EPERM');
test('a call that the release lacks', under, '2.6.26', ['seccomp-kill'], raw(NR.accept4, 0), `signal ${SIGSYS}`);
test('a number that nobody has', under, '6.18', ['seccomp-kill'], raw(NOBODY), `signal ${SIGSYS}`);
test('a call that it has', under, '6.18', ['seccomp-kill'], raw(NR.close_range, 3, 9, 0), 0);
test('a missing call', under, '6.18', ['enosys:dup'], raw(NR.dup, 0), 'ENOSYS');
test('other calls', under, '6.18', ['enosys:dup'], raw(NR.dup2, 0, 5), 5);
test(
  'a flag that is not known',
  under,
  '6.18',
  ['einval-flag:pipe2:O_CLOEXEC'],
  (libc) => libc.syscall(NR.pipe2, new Uint8Array(8), O_CLOEXEC),
  'EINVAL',
);
test('without the flag', under, '6.18', ['einval-flag:pipe2:O_CLOEXEC'], (libc) => libc.pipe2([0, 0], 0), 0);
test('the library falls back', under, '6.18', ['einval-flag:socket:SOCK_CLOEXEC'], marked, FD_CLOEXEC);
test(
  'one over the other',
  under,
  '6.18',
  ['enosys:dup', 'docker-eperm'],
  async (libc) => [await libc.syscall(NR.dup, 0), libc.errno, await libc.syscall(NOBODY), libc.errno],
  [-1, 38, -1, 1],
);

test('another kernel of the same release is left alone', async (t) => {
  overlay(boot_for(t), 'enosys:dup');
  t.is(await boot_for(t).run(async (libc) => libc.dup(0)), 3 << 8);
});

const says = test.macro({
  exec(t, name: string, message: RegExp) {
    t.regex(t.throws(() => parse_overlay(name), { instanceOf: OverlayError }).message, message);
  },
  title: (_, name: string) => `says: ${name}`,
});
test(
  says,
  'podman',
  /^there is no overlay 'podman'; there are docker-eperm, seccomp-kill, enosys:NAME, einval-flag:NAME:FLAG$/,
);
test(says, 'enosys', /there is no overlay/);
test(says, 'enosys:sokcet', /there is no system call 'sokcet'/);
test(says, 'einval-flag:dup:O_CLOEXEC', /dup has no argument of flags/);
test(says, 'einval-flag:socket:SOCK_BOGUS', /there is no flag 'SOCK_BOGUS'/);
