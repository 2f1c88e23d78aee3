/**
 * A small shell that joins programs by pipes, and three programs for it. `system` runs `/bin/sh -c`, so the shell is
 * installed there. Descriptors of pipes reach exactly the two programs that they join: each child gets them as 0 and 1 and
 * closes the rest, or a reader would wait for ever for the end of a pipe that somebody holds open.
 *
 *     sys-indirect run examples/shell.ts --kernel 2.6.23
 *
 * Prints what `wc` counts of the sorted names in /bin: lines, words, bytes. Returns the shell's status.
 */
import type { Libc, Program } from 'sys-indirect';
import { O_DIRECTORY, O_RDONLY, S_IFMT, S_IFREG } from 'sys-indirect/uapi';

/** All of descriptor 0. */
async function read_all(libc: Libc): Promise<string> {
  let text = '';
  const buf = new Uint8Array(4096);
  for (let n = await libc.read(0, buf); n > 0; n = await libc.read(0, buf))
    text += String.fromCharCode(...buf.subarray(0, n));
  return text;
}

const ls: Program = async (libc, [, path = '.']) => {
  const dir = await libc.fdopendir(await libc.open(path, O_RDONLY | O_DIRECTORY, 0));
  if (dir === null) {
    await libc.perror(`ls: ${path}`);
    return 2;
  }
  for (let entry = await libc.readdir(dir); entry !== null; entry = await libc.readdir(dir)) {
    const st: { st_mode?: number } = {};
    await libc.stat(`${path}/${entry.d_name}`, st);
    if ((st.st_mode! & S_IFMT) === S_IFREG) await libc.puts(entry.d_name);
  }
  return 0;
};

const sort: Program = async (libc) => {
  const lines = (await read_all(libc)).split('\n').slice(0, -1);
  for (const line of lines.sort()) await libc.puts(line);
};

const wc: Program = async (libc) => {
  const text = await read_all(libc);
  const words = text.split(/\s+/).filter((word) => word !== '');
  await libc.printf('%d %d %d\n', text.split('\n').length - 1, words.length, text.length);
};

/** `sh -c 'a x | b | c'`: its status is that of the last program, 127 if that is not there. */
const sh: Program = async (libc, argv) => {
  const commands = argv[2]!.split('|').map((part) => part.trim().split(/\s+/));
  let input = 0;
  let last: number | undefined;
  for (const [i, command] of commands.entries()) {
    const next: number[] = [0, 1];
    if (i < commands.length - 1 && (await libc.pipe(next)) === -1) return 1;
    const fa = {};
    libc.posix_spawn_file_actions_adddup2(fa, input, 0);
    libc.posix_spawn_file_actions_adddup2(fa, next[1]!, 1);
    libc.posix_spawn_file_actions_addclosefrom_np(fa, 3);
    const pid: { value?: number } = {};
    const err = await libc.posix_spawnp(pid, command[0]!, fa, null, command);
    if (err !== 0) await libc.dprintf(2, 'sh: %s: not found\n', command[0]);
    for (const fd of [input, next[1]!]) if (fd > 2) await libc.close(fd);
    input = next[0]!;
    last = err === 0 ? pid.value : undefined;
  }
  const status: { value?: number } = {};
  let code = 127;
  for (let pid = await libc.wait(status); pid !== -1; pid = await libc.wait(status))
    if (pid === last) code = (status.value! >> 8) | (status.value! & 0x7f);
  return code;
};

/** What is installed beside the program. */
export const programs = { '/bin/ls': ls, '/bin/sh': sh, '/bin/sort': sort, '/bin/wc': wc };

const main: Program = async (libc) => (await libc.system('ls /bin | sort | wc')) >> 8;

export default main;
