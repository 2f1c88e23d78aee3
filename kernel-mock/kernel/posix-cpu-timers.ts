/** Timers on processor time: ITIMER_VIRTUAL, ITIMER_PROF, RLIMIT_CPU (kernel/time/posix-cpu-timers.c). */
import type { CpuItimer, ThreadGroup } from '../include/linux/sched.js';
import { RLIMIT_CPU, RLIM_INFINITY } from '../include/uapi/resource.js';
import { SIGKILL, SIGPROF, SIGVTALRM, SIGXCPU } from '../include/uapi/signal.js';
import { group_cpu_time, user_time } from './rusage.js';
import { kernel_siginfo, send_signal_group } from './signal.js';

const NSEC_PER_SEC = 1e9;

/** One of the two expires: it is set anew, or off. Linux: check_cpu_itimer. */
function check_cpu_itimer(group: ThreadGroup, it: CpuItimer, now: number, sig: number): void {
  if (it.expires === 0 || now < it.expires) return;
  it.expires = it.incr === 0 ? 0 : it.expires + it.incr;
  send_signal_group(group, kernel_siginfo(sig));
}

/** Beyond the hard limit SIGKILL, beyond the soft one SIGXCPU, again after each second. */
function check_rlimit_cpu(group: ThreadGroup, now: number): void {
  const soft = group.rlim[2 * RLIMIT_CPU]!;
  const hard = group.rlim[2 * RLIMIT_CPU + 1]!;
  if (now >= hard * NSEC_PER_SEC) send_signal_group(group, kernel_siginfo(SIGKILL));
  else if (now >= soft * NSEC_PER_SEC) {
    const limits = group.rlim.slice();
    limits[2 * RLIMIT_CPU] = soft + 1;
    group.rlim = limits;
    send_signal_group(group, kernel_siginfo(SIGXCPU));
  }
}

/** At a tick, and when a thread of the process gives the processor away. Linux: check_process_timers. */
function check_process_timers(group: ThreadGroup): void {
  const now = group_cpu_time(group);
  check_cpu_itimer(group, group.it_prof, now, SIGPROF);
  check_cpu_itimer(group, group.it_virt, user_time(now), SIGVTALRM);
  check_rlimit_cpu(group, now);
  arm_cpu_timers(group);
}

/** Something was set, or is over: is there anything to look at? Who has no such timer pays nothing. */
export function arm_cpu_timers(group: ThreadGroup): void {
  const { it_prof, it_virt, rlim } = group;
  const wanted = it_prof.expires !== 0 || it_virt.expires !== 0 || rlim[2 * RLIMIT_CPU] !== RLIM_INFINITY;
  if (!wanted) group.run_cpu_timers = null;
  else
    group.run_cpu_timers ??= () => {
      check_process_timers(group);
    };
}
