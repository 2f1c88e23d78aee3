/** spawn.h: attributes of the process that posix_spawn makes. As in C, these functions answer with the error number. */
import { EINVAL } from '../../kernel-mock/include/uapi/errno.js';
import { want_object } from '../internal/describe.js';
import { SIGSET, type SigSetArg, type SigSetT, set_bits } from '../internal/siginfo.js';
import type { Thread } from '../internal/thread.js';

/** posix_spawnattr_t: its members may be set directly, or by these functions. */
export interface SpawnAttr {
  /** POSIX_SPAWN_* bits: which of the others count. */
  flags?: number;
  pgroup?: number;
  sigdefault?: SigSetArg;
  sigmask?: SigSetArg;
}

/** Every bit that spawn.h names. */
const ALL_FLAGS = 0xff;

function check(attr: SpawnAttr): void {
  want_object(attr, 'attr is { flags, pgroup, sigdefault, sigmask }');
}

/** `posix_spawnattr_init(attr)`: nothing is asked for. 0. */
export function posix_spawnattr_init(this: Thread | void, attr: SpawnAttr): number {
  check(attr);
  attr.flags = 0;
  attr.pgroup = 0;
  attr.sigdefault = [];
  attr.sigmask = [];
  return 0;
}

/** `posix_spawnattr_destroy(attr)`. 0. */
export function posix_spawnattr_destroy(this: Thread | void, attr: SpawnAttr): number {
  check(attr);
  return 0;
}

/** `posix_spawnattr_setflags(attr, flags)`. 0, EINVAL (a bit that has no name). posix_spawnattr_setflags(3). */
export function posix_spawnattr_setflags(this: Thread | void, attr: SpawnAttr, flags: number): number {
  check(attr);
  if ((flags & ~ALL_FLAGS) !== 0) return EINVAL;
  attr.flags = flags;
  return 0;
}

/** `posix_spawnattr_getflags(attr, &flags)`. 0. */
export function posix_spawnattr_getflags(this: Thread | void, attr: SpawnAttr, flags: { value?: number }): number {
  check(attr);
  want_object(flags, 'flags is { }, to be filled in');
  flags.value = attr.flags ?? 0;
  return 0;
}

/** `posix_spawnattr_setpgroup(attr, pgroup)`: 0: a group of its own. 0. */
export function posix_spawnattr_setpgroup(this: Thread | void, attr: SpawnAttr, pgroup: number): number {
  check(attr);
  attr.pgroup = pgroup;
  return 0;
}

/** `posix_spawnattr_getpgroup(attr, &pgroup)`. 0. */
export function posix_spawnattr_getpgroup(this: Thread | void, attr: SpawnAttr, pgroup: { value?: number }): number {
  check(attr);
  want_object(pgroup, 'pgroup is { }, to be filled in');
  pgroup.value = attr.pgroup ?? 0;
  return 0;
}

/** A copy: what becomes of the caller's set later is nothing to the attributes. */
function copy_of(set: SigSetArg): SigSetT {
  return { ...set_bits(set) };
}

/** `posix_spawnattr_setsigmask(attr, set)`: the mask of the new process. 0. */
export function posix_spawnattr_setsigmask(this: Thread | void, attr: SpawnAttr, set: SigSetArg): number {
  check(attr);
  attr.sigmask = copy_of(set);
  return 0;
}

/** `posix_spawnattr_getsigmask(attr, set)`. 0. */
export function posix_spawnattr_getsigmask(this: Thread | void, attr: SpawnAttr, set: SigSetT): number {
  check(attr);
  want_object(set, SIGSET);
  Object.assign(set, set_bits(attr.sigmask ?? []));
  return 0;
}

/** `posix_spawnattr_setsigdefault(attr, set)`: signals that the new process has at their default. 0. */
export function posix_spawnattr_setsigdefault(this: Thread | void, attr: SpawnAttr, set: SigSetArg): number {
  check(attr);
  attr.sigdefault = copy_of(set);
  return 0;
}

/** `posix_spawnattr_getsigdefault(attr, set)`. 0. */
export function posix_spawnattr_getsigdefault(this: Thread | void, attr: SpawnAttr, set: SigSetT): number {
  check(attr);
  want_object(set, SIGSET);
  Object.assign(set, set_bits(attr.sigdefault ?? []));
  return 0;
}
