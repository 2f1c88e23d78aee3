/** wait4 and waitid: Linux include/uapi/linux/wait.h, and the C library's bits/waitstatus.h for the status word. */

export const WNOHANG = 0x1;
export const WUNTRACED = 0x2;
export const WSTOPPED = WUNTRACED;
export const WEXITED = 0x4;
export const WCONTINUED = 0x8;
export const WNOWAIT = 0x1000000;
export const __WNOTHREAD = 0x20000000;
export const __WALL = 0x40000000;
export const __WCLONE = 0x80000000;

// waitid: what id means
export const P_ALL = 0;
export const P_PID = 1;
export const P_PGID = 2;
export const P_PIDFD = 3; // 5.4

// the status word: exit code in bits 8-15, or signal in bits 0-6 and the core bit;
// 0x7f in the low byte: stopped; 0xffff: continued
export const WCOREFLAG = 0x80;
export const W_CONTINUED = 0xffff;

/** Status of an exit with code `ret`, or of a death by signal `sig`. */
/* @__NO_SIDE_EFFECTS__ */
export const W_EXITCODE = (ret: number, sig: number): number => ((ret & 0xff) << 8) | sig;
/** Status of a stop by `sig`. */
/* @__NO_SIDE_EFFECTS__ */
export const W_STOPCODE = (sig: number): number => (sig << 8) | 0x7f;

/* @__NO_SIDE_EFFECTS__ */
export const WEXITSTATUS = (status: number): number => (status >> 8) & 0xff;
/* @__NO_SIDE_EFFECTS__ */
export const WTERMSIG = (status: number): number => status & 0x7f;
/* @__NO_SIDE_EFFECTS__ */
export const WSTOPSIG = (status: number): number => (status >> 8) & 0xff;
/* @__NO_SIDE_EFFECTS__ */
export const WIFEXITED = (status: number): boolean => (status & 0x7f) === 0;
/* @__NO_SIDE_EFFECTS__ */
export const WIFSIGNALED = (status: number): boolean => (status & 0x7f) !== 0 && (status & 0x7f) !== 0x7f;
/* @__NO_SIDE_EFFECTS__ */
export const WIFSTOPPED = (status: number): boolean => (status & 0xff) === 0x7f;
/* @__NO_SIDE_EFFECTS__ */
export const WIFCONTINUED = (status: number): boolean => status === W_CONTINUED;
/* @__NO_SIDE_EFFECTS__ */
export const WCOREDUMP = (status: number): boolean => (status & WCOREFLAG) !== 0;
