/** The strategies by name. A new one is one file and one line here. */
import type { ExploreOptions } from '../explore.js';
import type { Strategy } from '../strategy.js';
import { dfs } from './dfs.js';
import { dpor } from './dpor.js';
import { pct } from './pct.js';
import { random } from './random.js';
import { round_robin } from './round_robin.js';

export const strategies = {
  dfs: (options) => dfs(options),
  dpor: (options) => dpor(options),
  random: (options) => random(options),
  pct: (options) => pct(options),
  rr: () => round_robin(),
} satisfies Record<string, (options: ExploreOptions) => Strategy>;
