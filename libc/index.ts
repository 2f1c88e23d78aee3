/** The C library: every function by its header, as a method of the thread that calls it. */
import type { Cpu, Image } from '../kernel-mock/include/uapi/seam.js';
import * as arpa_inet_h from './arpa/inet.js';
import * as dirent_h from './dirent.js';
import * as fcntl_h from './fcntl.js';
import * as fcntl_splice_h from './fcntl/splice.js';
import { type Program, program_image } from './internal/crt.js';
import { describe } from './internal/describe.js';
import type { Process } from './internal/process.js';
import { type RouteName, routes } from './internal/routes/index.js';
import { Thread } from './internal/thread.js';
import * as poll_h from './poll.js';
import * as pthread_h from './pthread.js';
import * as pthread_cancel_h from './pthread/cancel.js';
import * as pthread_key_h from './pthread/key.js';
import * as pthread_rwlock_h from './pthread/rwlock.js';
import * as pthread_sync_h from './pthread/sync.js';
import * as sched_h from './sched.js';
import * as semaphore_h from './semaphore.js';
import * as signal_h from './signal.js';
import * as spawn_h from './spawn.js';
import * as spawn_attr_h from './spawn/attr.js';
import * as stdio_h from './stdio.js';
import * as stdio_popen_h from './stdio/popen.js';
import * as stdlib_h from './stdlib.js';
import * as string_h from './string.js';
import * as sys_file_h from './sys/file.js';
import * as sys_inotify_h from './sys/inotify.js';
import * as sys_mman_h from './sys/mman.js';
import * as sys_epoll_h from './sys/epoll.js';
import * as sys_eventfd_h from './sys/eventfd.js';
import * as sys_ioctl_h from './sys/ioctl.js';
import * as sys_select_h from './sys/select.js';
import * as sys_timerfd_h from './sys/timerfd.js';
import * as sys_pidfd_h from './sys/pidfd.js';
import * as sys_prctl_h from './sys/prctl.js';
import * as sys_resource_h from './sys/resource.js';
import * as sys_sendfile_h from './sys/sendfile.js';
import * as sys_signalfd_h from './sys/signalfd.js';
import * as sys_socket_h from './sys/socket.js';
import * as sys_socket_msg_h from './sys/socket/msg.js';
import * as sys_stat_h from './sys/stat.js';
import * as sys_statfs_h from './sys/statfs.js';
import * as sys_time_h from './sys/time.js';
import * as sys_times_h from './sys/times.js';
import * as sys_uio_h from './sys/uio.js';
import * as sys_wait_h from './sys/wait.js';
import * as sys_xattr_h from './sys/xattr.js';
import * as time_h from './time.js';
import * as time_timer_h from './time/timer.js';
import * as utime_h from './utime.js';
import * as unistd_h from './unistd.js';
import * as unistd_cred_h from './unistd/cred.js';
import * as unistd_exec_h from './unistd/exec.js';
import * as unistd_process_h from './unistd/process.js';
import * as unistd_sync_h from './unistd/sync.js';

/** The functions by header. Named, not listed: so their descriptions reach the reader of the types. */
type Headers = typeof arpa_inet_h &
  typeof dirent_h &
  typeof fcntl_h &
  typeof fcntl_splice_h &
  typeof poll_h &
  typeof pthread_h &
  typeof pthread_cancel_h &
  typeof pthread_key_h &
  typeof pthread_rwlock_h &
  typeof pthread_sync_h &
  typeof sched_h &
  typeof semaphore_h &
  typeof signal_h &
  typeof spawn_h &
  typeof spawn_attr_h &
  typeof stdio_h &
  typeof stdio_popen_h &
  typeof stdlib_h &
  typeof string_h &
  typeof sys_file_h &
  typeof sys_inotify_h &
  typeof sys_mman_h &
  typeof sys_epoll_h &
  typeof sys_eventfd_h &
  typeof sys_ioctl_h &
  typeof sys_select_h &
  typeof sys_timerfd_h &
  typeof sys_pidfd_h &
  typeof sys_prctl_h &
  typeof sys_resource_h &
  typeof sys_sendfile_h &
  typeof sys_signalfd_h &
  typeof sys_socket_h &
  typeof sys_socket_msg_h &
  typeof sys_stat_h &
  typeof sys_statfs_h &
  typeof sys_time_h &
  typeof sys_times_h &
  typeof sys_uio_h &
  typeof sys_wait_h &
  typeof sys_xattr_h &
  typeof utime_h &
  typeof time_h &
  typeof time_timer_h &
  typeof unistd_h &
  typeof unistd_cred_h &
  typeof unistd_exec_h &
  typeof unistd_process_h &
  typeof unistd_sync_h;

/** All functions, by name. */
export const functions: Headers = {
  ...arpa_inet_h,
  ...dirent_h,
  ...fcntl_h,
  ...fcntl_splice_h,
  ...poll_h,
  ...pthread_h,
  ...pthread_cancel_h,
  ...pthread_key_h,
  ...pthread_rwlock_h,
  ...pthread_sync_h,
  ...sched_h,
  ...semaphore_h,
  ...signal_h,
  ...spawn_h,
  ...spawn_attr_h,
  ...stdio_h,
  ...stdio_popen_h,
  ...stdlib_h,
  ...string_h,
  ...sys_file_h,
  ...sys_inotify_h,
  ...sys_mman_h,
  ...sys_epoll_h,
  ...sys_eventfd_h,
  ...sys_ioctl_h,
  ...sys_select_h,
  ...sys_timerfd_h,
  ...sys_pidfd_h,
  ...sys_prctl_h,
  ...sys_resource_h,
  ...sys_sendfile_h,
  ...sys_signalfd_h,
  ...sys_socket_h,
  ...sys_socket_msg_h,
  ...sys_stat_h,
  ...sys_statfs_h,
  ...sys_time_h,
  ...sys_times_h,
  ...sys_uio_h,
  ...sys_wait_h,
  ...sys_xattr_h,
  ...utime_h,
  ...time_h,
  ...time_timer_h,
  ...unistd_h,
  ...unistd_cred_h,
  ...unistd_exec_h,
  ...unistd_process_h,
  ...unistd_sync_h,
};

/** The functions as methods: without the thread as `this`. */
export type Functions = { [K in keyof Headers]: OmitThisParameter<Headers[K]> };

/** The library of one thread. `libc.errno` belongs to that thread. One call at a time: await each. */
export type Libc = Thread & Headers;

const LibcThread = /* @__PURE__ */ (() => {
  class WithFunctions extends Thread {}
  Object.assign(WithFunctions.prototype, functions);
  return WithFunctions as unknown as new (cpu: Cpu, process: Process) => Libc;
})();

export interface LibcOptions {
  /** How flags reach the kernel that the original call has no argument for. Default: auto. */
  readonly route?: RouteName;
}

/** Makes images of programs written for this library: what a kernel needs to run them. */
export function libc_loader(options: LibcOptions = {}): (program: unknown) => Image {
  const name = options.route ?? 'auto';
  const route = routes[name] as (typeof routes)[RouteName] | undefined;
  if (route === undefined) throw new RangeError(`no route '${name}'; there are ${Object.keys(routes).join(', ')}`);
  return (program) => {
    if (typeof program !== 'function')
      throw new TypeError(`a program is an async function (libc, argv, env) => exit status, not ${describe(program)}`);
    return program_image(program as Program, route, (cpu, process) => new LibcThread(cpu, process));
  };
}

export * from './constants.js';
export { routes } from './internal/routes/index.js';
export { descriptor_calls } from './internal/descriptor_calls.js';
export { strerror } from './string.js';
export type { DescriptorCall } from './internal/descriptor_calls.js';
export type { Program } from './internal/crt.js';
export type { Route } from './internal/routes/route.js';
export type { RouteName } from './internal/routes/index.js';
export type { Cmsg, Ucred } from './internal/cmsg.js';
export type { MMsgHdr, MsgHdr } from './sys/socket/msg.js';
export type { SockAddr, SockAddrIn, SockAddrIn6, SockAddrOut, SockAddrUn } from './internal/sockaddr.js';
export type { PollFd } from './poll.js';
export type { EpollEvent } from './sys/epoll.js';
export type { FdSet } from './sys/select.js';
export type { Itimerspec } from './internal/itimerspec.js';
export type { Sigevent } from './time/timer.js';
export type { PthreadT } from './pthread.js';
export type { PthreadMutexT, PthreadCondT, PthreadOnceT } from './pthread/sync.js';
export type { PthreadBarrierT, PthreadRwlockT, PthreadSpinlockT } from './pthread/rwlock.js';
export type { SemT } from './semaphore.js';
export type { Rlimit } from './sys/resource.js';
export type { DIR, Dirent } from './dirent.js';
export type { OpenHow } from './fcntl.js';
export type { OffsetOut } from './fcntl/splice.js';
export type { Statfs } from './sys/statfs.js';
export type { FILE } from './internal/file.js';
export type { FOwnerEx, Flock } from './internal/flock.js';
export type { InotifyEvent } from './sys/inotify.js';
export type { Stat } from './sys/stat.js';
export type { Rusage } from './internal/rusage.js';
export type { StackT } from './signal.js';
export type { SigHandler, SigInfoT } from './internal/process.js';
export type { SigActionT } from './internal/sigaction.js';
export type { SigSetArg, SigSetT } from './internal/siginfo.js';
export type { SpawnFileActions } from './spawn.js';
export type { SpawnAttr } from './spawn/attr.js';
export type { Env } from './internal/strings.js';
export type { Utimbuf } from './utime.js';
export type { Timespec, Timeval } from './internal/timespec.js';
export type { Itimerval } from './sys/time.js';
export type { Tms } from './sys/times.js';
export type { StatusOut } from './sys/wait.js';
export type { IdOut } from './unistd/cred.js';
export type { ChildFunction } from './unistd/process.js';
