/** Dynamic partial-order reduction against depth first, on random small programs. */
import test from 'ava';
import fc from 'fast-check';
import type { Libc } from '../../../index.js';
import {
  F_GETFD,
  F_SETFD,
  O_NONBLOCK,
  SIGUSR1,
  SIGUSR2,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  AF_UNIX,
  WNOHANG,
} from '../../../kernel-mock/include/uapi/index.js';
import { type History, before, history, order } from '../../../tools/explore/events.js';
import { Execution } from '../../../tools/explore/execution.js';
import { type Scenario, search } from '../../../tools/index.js';
import { dfs } from '../../../tools/explore/strategies/dfs.js';
import type { Strategy } from '../../../tools/explore/strategy.js';

/** One call of a random program, on descriptors that all have: 3, 4 a pipe; 5, 6 a socket pair; 7 an eventfd. Answers with its result. */
type Call = (libc: Libc) => Promise<unknown>;

const buf = (): Uint8Array => new Uint8Array(4);

async function read(libc: Libc, fd: number): Promise<string> {
  const bytes = buf();
  const n = await libc.read(fd, bytes);
  return n < 0 ? `E${libc.errno}` : [...bytes.subarray(0, n)].join('');
}

async function value(libc: Libc, call: Promise<number>): Promise<number> {
  const n = await call;
  return n < 0 ? -libc.errno : n;
}

async function make_pipe(libc: Libc): Promise<unknown> {
  const fds: number[] = [];
  return (await libc.pipe(fds)) < 0 ? libc.errno : fds;
}

const CALLS: Readonly<Record<string, Call>> = {
  getpid: (libc) => libc.getpid(),
  'write pipe': (libc) => value(libc, libc.write(4, Uint8Array.of(1))),
  'read pipe': (libc) => read(libc, 3),
  'write socket': (libc) => value(libc, libc.write(5, Uint8Array.of(2))),
  'read socket': (libc) => read(libc, 6),
  'read other socket': (libc) => read(libc, 5),
  'add to eventfd': (libc) => value(libc, libc.eventfd_write(7, 3n)),
  'read eventfd': async (libc) => {
    const bytes = new Uint8Array(8);
    return (await libc.read(7, bytes)) < 0 ? libc.errno : bytes[0];
  },
  'dup pipe': (libc) => value(libc, libc.dup(3)),
  'dup2 onto eventfd': (libc) => value(libc, libc.dup2(3, 7)),
  'close pipe': (libc) => value(libc, libc.close(4)),
  'close socket': (libc) => value(libc, libc.close(5)),
  'make pipe': make_pipe,
  'mark pipe': (libc) => value(libc, libc.fcntl(3, F_SETFD, 1)),
  'see mark': (libc) => value(libc, libc.fcntl(3, F_GETFD)),
  poll: async (libc) => {
    const fds = [3, 6, 7].map((fd) => ({ fd, events: 1, revents: 0 }));
    await libc.poll(fds, 0);
    return fds.map((p) => p.revents);
  },
  fork: (libc) =>
    value(
      libc,
      libc.fork((child) => child.write(4, Uint8Array.of(7)).then(() => 0)),
    ),
  'fork and wait': async (libc) => {
    const pid = await libc.fork(() => Promise.resolve(3));
    return value(libc, libc.waitpid(pid, null, 0));
  },
  reap: (libc) => value(libc, libc.waitpid(-1, null, WNOHANG)),
  'signal myself': (libc) => libc.getpid().then((pid) => value(libc, libc.kill(pid, SIGUSR1))),
  'die of a signal': (libc) => libc.getpid().then((pid) => value(libc, libc.kill(pid, SIGUSR2))),
  'wait for data': (libc) => libc.poll([{ fd: 7, events: 1, revents: 0 }], -1),
};

const call_name = fc.constantFrom(...Object.keys(CALLS));
const program = fc.array(fc.array(call_name, { minLength: 1, maxLength: 2 }), { minLength: 2, maxLength: 3 });

/** Runs the chains as threads (main too); what each saw is put together to one outcome. */
function scenario_of(threads: readonly (readonly string[])[], outcome: (text: string) => void): Scenario {
  return async (boot) => {
    const log = threads.map((): string[] => []);
    let handled = 0;
    const kernel = boot();
    const note = async (libc: Libc, i: number): Promise<void> => {
      for (const name of threads[i]!) log[i]!.push(String(await CALLS[name]!(libc)));
    };
    const run = kernel.run(async (libc) => {
      await libc.pipe2([], O_NONBLOCK);
      await libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, []);
      await libc.eventfd(0, O_NONBLOCK);
      await libc.signal(SIGUSR1, () => {
        handled++;
      });
      const made = [];
      for (let i = 1; i < threads.length; i++) {
        const thread = {};
        await libc.pthread_create(thread, null, (own) => note(own, i), null);
        made.push(thread);
      }
      await note(libc, 0);
      for (const thread of made) await libc.pthread_join(thread, null);
    });
    const status = await run.catch((error: unknown) => (error as Error).name);
    outcome(`${status} ${handled} ${log.map((l) => l.join(';')).join('|')}`);
  };
}

/** Depth first, while somebody writes down what depends on what. */
function watched(h: History): Strategy {
  const strategy = dfs();
  return {
    ...strategy,
    tracer: h.tracer,
    choose(point) {
      if (point.kind === 'task') h.end();
      const chosen = strategy.choose(point);
      if (point.kind === 'task') h.begin(point.id(chosen), point.at);
      return chosen;
    },
  };
}

/** An execution as a partial order: for each event, those that come before it. The same text for all orders that are one class. */
function canonical({ events }: History): string {
  order(events, 0, () => {});
  const lines = events.map(
    (e) =>
      `${e.pid}.${e.seq}: ${events
        .filter((a) => a !== e && before(a, e.clock))
        .map((a) => `${a.pid}.${a.seq}`)
        .sort()
        .join()}`,
  );
  return lines.sort().join('\n');
}

/** All outcomes and all classes, by trying every order; null: there are too many. */
async function exhaust(
  threads: readonly (readonly string[])[],
  most: number,
): Promise<{ outcomes: string[]; classes: number } | null> {
  const h = history(false);
  const strategy = watched(h);
  const execution = new Execution(strategy);
  const outcomes = new Set<string>();
  const classes = new Set<string>();
  const program_ = scenario_of(threads, (text) => void outcomes.add(text));
  for (let n = 0; strategy.next(); n++) {
    if (n >= most) return null;
    h.reset();
    const error = await execution.run(program_);
    h.end();
    if (error !== null) throw error as Error;
    strategy.ended('passed');
    classes.add(canonical(h));
  }
  return { outcomes: [...outcomes].sort(), classes: classes.size };
}

test('dpor has every outcome that depth first has, and each class once', async (t) => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(program, async (threads) => {
      const all = await exhaust(threads, 1500);
      if (all === null) return;
      compared++;
      const outcomes = new Set<string>();
      const report = await search(
        scenario_of(threads, (text) => void outcomes.add(text)),
        { strategy: 'dpor' },
      );
      t.true(report.complete);
      t.deepEqual([...outcomes].sort(), all.outcomes, JSON.stringify(threads));
      t.is(report.counted, all.classes, JSON.stringify(threads));
    }),
    { numRuns: Number(process.env['DPOR_RUNS'] ?? 25), seed: Number(process.env['DPOR_SEED'] ?? 1) },
  );
  t.true(compared > 5, `${compared} compared`);
});
