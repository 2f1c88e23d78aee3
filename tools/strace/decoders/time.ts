/** Clocks and timers. */
import {
  type Arg,
  type Decoders,
  address,
  enter,
  flags,
  is_erestart,
  leave,
  out,
  row,
  uint,
  umoven,
  value_of,
} from '../print.js';
import { itimerval, timespec, timeval } from '../structs.js';
import { clockflags, clocknames, itimer_which } from '../tables.js';
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

export const time_decoders = {
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
