/**
 * A directory watcher: main prints what happens in a directory while a thread works there, until a file of the name "stop" is
 * made. One read gives as many events as fit the buffer; the two halves of a rename have a cookie in common.
 *
 *     sys-indirect run examples/watch.ts --kernel 6.18
 *
 * Returns 0 if it saw what was done, in order.
 */
import type { Libc, Program, PthreadT } from 'sys-indirect';
import {
  IN_ALL_EVENTS,
  IN_CLOEXEC,
  IN_CLOSE_WRITE,
  IN_CREATE,
  IN_DELETE,
  IN_ISDIR,
  IN_MODIFY,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  O_CREAT,
  O_WRONLY,
} from 'sys-indirect/uapi';

const DIR = '/tmp/watched';
/** What it prints, and of what it speaks. */
const WORDS: readonly (readonly [mask: number, word: string])[] = [
  [IN_CREATE, 'made'],
  [IN_MODIFY, 'written'],
  [IN_CLOSE_WRITE, 'finished'],
  [IN_MOVED_FROM, 'moved away'],
  [IN_MOVED_TO, 'moved here'],
  [IN_DELETE, 'removed'],
];
const EXPECTED =
  'made a,written a,finished a,moved away a,moved here b,made d/,removed b,removed d/,made stop,finished stop';

async function work(libc: Libc): Promise<void> {
  const fd = await libc.open(`${DIR}/a`, O_CREAT | O_WRONLY, 0o644);
  await libc.write(fd, 'one');
  await libc.write(fd, 'two');
  await libc.close(fd);
  await libc.rename(`${DIR}/a`, `${DIR}/b`);
  await libc.mkdir(`${DIR}/d`, 0o755);
  await libc.unlink(`${DIR}/b`);
  await libc.rmdir(`${DIR}/d`);
  await libc.close(await libc.open(`${DIR}/stop`, O_CREAT | O_WRONLY, 0o644));
}

const main: Program = async (libc) => {
  await libc.mkdir(DIR, 0o755);
  const fd = await libc.inotify_init1(IN_CLOEXEC);
  if (fd === -1 || (await libc.inotify_add_watch(fd, DIR, IN_ALL_EVENTS)) === -1) {
    await libc.perror('inotify');
    return 1;
  }
  const thread: PthreadT = {};
  await libc.pthread_create(thread, null, work, null);
  const seen: string[] = [];
  const buf = new Uint8Array(4096);
  while (seen.at(-1) !== 'finished stop') {
    const n = await libc.read(fd, buf);
    for (const { mask, name } of libc.inotify_events(buf, n)) {
      const word = WORDS.find(([bit]) => (mask & bit) !== 0)?.[1];
      if (word === undefined) continue;
      seen.push(`${word} ${name}${(mask & IN_ISDIR) !== 0 ? '/' : ''}`);
      await libc.printf('%s\n', seen.at(-1));
    }
  }
  await libc.pthread_join(thread);
  return seen.join() === EXPECTED ? 0 : 1;
};

export default main;
