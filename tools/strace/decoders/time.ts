/** Clocks and timers. */
import { layout_x86_64 as L } from '../../../kernel-mock/include/uapi/layout.js';
import {
  type Arg,
  type Decoders,
  address,
  enter,
  flags,
  int,
  is_erestart,
  leave,
  out,
  out_int,
  row,
  uint,
  umoven,
  value_of,
} from '../print.js';
import { signame } from '../signals.js';
import { itimerspec, itimerval, timespec, timeval } from '../structs.js';
import { clockflags, clocknames, itimer_which, sigev_value } from '../tables.js';
import { printxval } from '../xlat.js';
import { date_text } from './fs.js';

const clock: Arg = value_of(clocknames, 'CLOCK_???');
const in_timespec: Arg = enter((c, v) => timespec(c, v));
const out_timespec: Arg = out((c, v) => timespec(c, v));
/** What is left is written only if a signal ended the sleep. */
const remaining: Arg = leave((c, v) => (is_erestart(c) ? timespec(c, v) : address(v)));
const which: Arg = value_of(itimer_which, 'ITIMER_???');
const timezone = (c: Parameters<typeof timeval>[0], v: number): string => {
  if (v === 0) return 'NULL';
  const bytes = umoven(c, v, 8);
  if (bytes === null) return address(v);
  const view = new DataView(bytes.buffer);
  return `{tz_minuteswest=${view.getInt32(0, true)}, tz_dsttime=${view.getInt32(4, true)}}`;
};
const out_time: Arg = out((c, v) => {
  const bytes = umoven(c, v, 8);
  if (bytes === null) return address(v);
  const sec = Number(new DataView(bytes.buffer).getBigInt64(0, true));
  return `[${sec} /* ${date_text(sec, null)} */]`;
});

const SIGEV_SIGNAL = 0;
const SIGEV_THREAD_ID = 4;

/** What a timer does. Linux strace: print_sigevent. */
const sigevent: Arg = enter((c, v) => {
  if (v === 0) return 'NULL';
  const S = L.sigevent;
  const bytes = umoven(c, v, S.size);
  if (bytes === null) return address(v);
  const view = new DataView(bytes.buffer);
  const value = view.getBigUint64(S.sigev_value, true);
  const notify = view.getInt32(S.sigev_notify, true);
  const signo = view.getInt32(S.sigev_signo, true);
  const sends = notify === SIGEV_SIGNAL || notify === SIGEV_THREAD_ID;
  const thread =
    notify === SIGEV_THREAD_ID ? `, sigev_notify_thread_id=${view.getInt32(S.sigev_notify_thread_id, true)}` : '';
  const shown = `sigev_signo=${sends ? signame(signo) : signo}, sigev_notify=${printxval(sigev_value, notify >>> 0, 'SIGEV_???')}`;
  return `{sigev_value={sival_int=${view.getInt32(S.sigev_value, true)}, sival_ptr=${value === 0n ? 'NULL' : `0x${value.toString(16)}`}}, ${shown}${thread}}`;
});

export const time_decoders = {
  timer_create: row(clock, sigevent, out_int),
  timer_settime: row(
    int,
    flags(clockflags, 'TIMER_???'),
    enter((c, v) => itimerspec(c, v)),
    out((c, v) => itimerspec(c, v)),
  ),
  timer_gettime: row(
    int,
    out((c, v) => itimerspec(c, v)),
  ),
  timer_getoverrun: row(int),
  timer_delete: row(int),
  nanosleep: row(in_timespec, remaining),
  clock_nanosleep: row(clock, flags(clockflags, 'TIMER_???'), in_timespec, remaining),
  clock_gettime: row(clock, out_timespec),
  clock_getres: row(clock, out_timespec),
  clock_settime: row(clock, in_timespec),
  gettimeofday: row(
    out((c, v) => timeval(c, v)),
    out(timezone),
  ),
  settimeofday: row(
    enter((c, v) => timeval(c, v)),
    enter(timezone),
  ),
  time: { args: [out_time], aux: (c) => date_text(c.ret!, null) },
  alarm: row(uint),
  getitimer: row(
    which,
    out((c, v) => itimerval(c, v)),
  ),
  setitimer: row(
    which,
    enter((c, v) => itimerval(c, v)),
    out((c, v) => itimerval(c, v)),
  ),
} satisfies Decoders;
