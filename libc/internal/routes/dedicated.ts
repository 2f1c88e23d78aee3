/** Route `dedicated`: the system call that has an argument for the flags, since 2.6.27 and 2.6.28. */
import type { Route } from './route.js';

export const dedicated: Route = (t, call, flags, a1, a2, a3, a4) => {
  const nr = t.nr[call.dedicated];
  return call.flag_arg === 2 ? t.enter(nr, a1, a2 | flags, a3, a4) : t.enter(nr, a1, a2, a3, a4 | flags);
};
