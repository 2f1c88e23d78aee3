/** Who a task is: include/linux/cred.h. Never changed: a task that becomes somebody else gets another one. */
export interface Cred {
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
  readonly suid: number;
  readonly sgid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** Root, as every program of the host starts. */
export const init_cred: Cred = { uid: 0, gid: 0, euid: 0, egid: 0, suid: 0, sgid: 0, groups: [] };
