/** ioctl: the argument is what the command says. */
import * as ioc from '../../../kernel-mock/include/uapi/ioctls.js';
import { layout_x86_64 as L } from '../../../kernel-mock/include/uapi/layout.js';
import {
  type Arg,
  type Call,
  type Decoders,
  address,
  enter,
  failed,
  fd,
  hex_arg,
  in_int,
  leave,
  out,
  quote,
  u32,
  umoven,
} from '../print.js';
import { timespec, timeval } from '../structs.js';
import { ioctl_cmds } from '../tables.js';
import { hex } from '../xlat.js';

const out_value: Arg = out((c, v) => in_int.print(c, v, 0));
const nothing = null;

function winsize(c: Call, addr: number): string {
  const bytes = umoven(c, addr, L.winsize.size);
  if (bytes === null) return address(addr);
  const v = new DataView(bytes.buffer);
  const fields = (['ws_row', 'ws_col', 'ws_xpixel', 'ws_ypixel'] as const).map(
    (name) => `${name}=${v.getUint16(L.winsize[name], true)}`,
  );
  return `{${fields.join(', ')}}`;
}

const IFNAMSIZ = 16;

/** The interface that is asked about; this kernel has no answers. */
const ifreq: Arg = leave((c, v) => {
  const name = umoven(c, v, IFNAMSIZ);
  if (name === null) return address(v);
  const end = name.indexOf(0);
  return `{ifr_name=${quote(c, name.subarray(0, end === -1 ? IFNAMSIZ - 1 : end))}${failed(c) ? '' : ', ...'}}`;
});

/** Absent: the argument is shown as a number. Null: there is none. */
const ioctl_args: Readonly<Record<number, Arg | null>> = {
  [ioc.FIONREAD]: out_value,
  [ioc.FIONBIO]: in_int,
  [ioc.FIOASYNC]: in_int,
  [ioc.FIOCLEX]: nothing,
  [ioc.FIONCLEX]: nothing,
  [ioc.FIOSETOWN]: in_int,
  [ioc.SIOCSPGRP]: in_int,
  [ioc.FIOGETOWN]: out_value,
  [ioc.SIOCGPGRP]: out_value,
  [ioc.SIOCATMARK]: out_value,
  [ioc.TIOCOUTQ]: out_value,
  [ioc.TIOCGPGRP]: out_value,
  [ioc.TIOCGSID]: out_value,
  [ioc.TIOCSPGRP]: in_int,
  [ioc.TIOCGWINSZ]: out(winsize),
  [ioc.TIOCSWINSZ]: enter(winsize),
  [ioc.TCGETS]: leave((_c, v) => address(v)),
  [ioc.SIOCGSTAMP_OLD]: out((c, v) => timeval(c, v)),
  [ioc.SIOCGSTAMPNS_OLD]: out((c, v) => timespec(c, v)),
  [ioc.SIOCGIFFLAGS]: ifreq,
  [ioc.SIOCGIFADDR]: ifreq,
  [ioc.SIOCGIFDSTADDR]: ifreq,
  [ioc.SIOCGIFBRDADDR]: ifreq,
  [ioc.SIOCGIFNETMASK]: ifreq,
  [ioc.SIOCGIFMETRIC]: ifreq,
  [ioc.SIOCGIFMTU]: ifreq,
  [ioc.SIOCGIFHWADDR]: ifreq,
  [ioc.SIOCGIFINDEX]: ifreq,
  [ioc.SIOCGIFTXQLEN]: ifreq,
};

const DIRECTIONS = ['_IOC_NONE', '_IOC_WRITE', '_IOC_READ', '_IOC_READ|_IOC_WRITE'];

/** The name of a command; without one, its parts. */
function ioctl_code(code: number): string {
  const known = ioctl_cmds.find(([value]) => value === code)?.[1];
  if (known !== undefined) return known;
  const part = (n: number): string => (n === 0 ? '0' : hex(n));
  return `_IOC(${DIRECTIONS[code >>> 30]}, ${part((code >>> 8) & 0xff)}, ${part(code & 0xff)}, ${part((code >>> 16) & 0x3fff)})`;
}

const ioctl_cmd: Arg = enter((_c, v) => ioctl_code(u32(v)));

function ioctl(c: Call): readonly Arg[] {
  const arg = ioctl_args[u32(c.args[1]!)];
  return arg === nothing ? [fd, ioctl_cmd] : [fd, ioctl_cmd, arg ?? hex_arg];
}

export const ioctl_decoders = { ioctl: { args: ioctl } } satisfies Decoders;
