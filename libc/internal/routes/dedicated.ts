/** Route `dedicated`: the system call that has an argument for the flags, since 2.6.27 and 2.6.28. */
import type { Route } from './route.js';

export const dedicated: Route = (t, call, flags, a1, a2, a3, a4) => {
  const { dedicated_nr: nr } = call;
  switch (call.flag_arg) {
    case 1:
      // Where the plain call has an argument, as epoll_create its size, the new one has none.
      return t.enter(nr, flags);
    case 2:
      return t.enter(nr, a1, a2 | flags, a3, a4);
    case 3:
      return t.enter(nr, a1, a2, a3 | flags, a4);
    case 4:
      return t.enter(nr, a1, a2, a3, a4 | flags);
    default:
      return call.flag_arg satisfies never;
  }
};
