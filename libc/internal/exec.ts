/** execve(2) and the search along PATH, for the functions that run programs. */
import { EACCES, ENOENT, ENOEXEC, ENOTDIR } from '../../kernel-mock/include/uapi/errno.js';
import { type Env, env_strings, get_env, map_vector } from './strings.js';
import type { Thread } from './thread.js';

/** -errno, if it returns at all. */
export async function do_execve(
  t: Thread,
  path: string | null,
  argv: readonly string[] | null,
  env: Env | null,
): Promise<number> {
  const args = map_vector(t, argv);
  const envp = map_vector(t, env_strings(env));
  const name = t.map_string(path);
  const ret = await t.enter(t.nr.execve, name, args.ptr, envp.ptr);
  t.unmap(name);
  args.free();
  envp.free();
  return ret;
}

/** Where execvp looks without PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';

/** execve along PATH; what is no program is given to the shell, if `shell` says so. */
export async function do_execvpe(
  t: Thread,
  file: string,
  argv: readonly string[],
  env: Env | null,
  shell = true,
): Promise<number> {
  if (file === '') return -ENOENT;
  const path = get_env(t.process.environ, 'PATH') ?? DEFAULT_PATH;
  const tries = file.includes('/') ? [file] : path.split(':').map((dir) => (dir === '' ? file : `${dir}/${file}`));
  let denied = false;
  let ret = -ENOENT;
  for (const name of tries) {
    ret = await do_execve(t, name, argv, env);
    if (ret === -ENOEXEC && shell) return do_execve(t, '/bin/sh', ['/bin/sh', name, ...argv.slice(1)], env);
    if (ret === -EACCES) denied = true;
    else if (ret !== -ENOENT && ret !== -ENOTDIR) return ret;
  }
  return denied ? -EACCES : ret;
}
