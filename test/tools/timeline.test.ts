/** The timeline, read by a parser that is not ours; and the event log for machines. */
import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { buildModel } from '@tracerbench/trace-model';
import { type Program, throwing } from '../../index.js';
import { AF_UNIX, NR, SIGUSR1, SOCK_CLOEXEC, SOCK_STREAM } from '../../kernel-mock/include/uapi/index.js';
import shell, { programs } from '../../examples/shell.js';
import prefork from '../../examples/prefork.js';
import {
  type TraceEvent,
  event_tracer,
  inject,
  json_log,
  text_log,
  timeline,
  timeline_json,
} from '../../tools/index.js';
import { boot_for } from '../helpers.js';
import { thread } from '../facts.js';

interface Seen {
  /** The file. */
  readonly text: string;
  /** Its events, as they stand in it. */
  readonly events: readonly TraceEvent[];
  readonly json: readonly string[];
  readonly log: readonly string[];
}

async function see(t: ExecutionContext, program: Program, rules: readonly string[] = []): Promise<Seen> {
  const kernel = boot_for(t);
  for (const [path, installed] of Object.entries(programs)) kernel.install(path, installed);
  const json: string[] = [];
  const log: string[] = [];
  const line = timeline();
  kernel.set_trace(
    event_tracer([line.listener, json_log((text) => json.push(text)), text_log((text) => log.push(text))]),
  );
  inject(kernel, rules);
  await kernel.run(program, ['main']);
  const text = timeline_json(line.events());
  return { text, events: (JSON.parse(text) as { traceEvents: TraceEvent[] }).traceEvents, json, log };
}

/** Calls, signals, faults, a thread, children that run other programs. */
const busy: Program = async (libc) => {
  const ok = throwing(libc);
  await ok.sigaction(SIGUSR1, {
    sa_handler: async () => {
      await libc.getpid();
    },
  });
  await ok.socket(AF_UNIX, SOCK_STREAM, 0);
  await ok.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const other = await thread(libc, async (own) => {
    await own.nanosleep({ tv_sec: 0, tv_nsec: 5000 });
    await own.kill(await own.getpid(), SIGUSR1);
  });
  await libc.pause();
  await other();
  const child = await ok.fork(async (c) => {
    await c.execve('/bin/wc', ['wc'], []);
  });
  await ok.waitpid(child, null, 0);
};

test('one process for each process, one track for each task', async (t) => {
  const { text } = await see(t, busy);
  const model = buildModel(JSON.parse(text) as Parameters<typeof buildModel>[0]);
  const found = model.processes.map((process) => [
    process.name,
    process.threads.map((own) => [own.id, own.name, own.events.some((event) => event.isComplete())]),
  ]);
  t.deepEqual(found, [
    [
      'main',
      [
        [2, 'main 2', true],
        [3, 'main 3', true],
      ],
    ],
    ['/bin/wc', [[4, 'main 4', true]]],
  ]);
});

for (const [name, program] of [
  ['calls, signals, children', busy],
  ['a shell', shell],
  ['servers', prefork],
] as const)
  test(`slices of a task follow each other: ${name}`, async (t) => {
    const { text, json } = await see(t, program);
    const model = buildModel(JSON.parse(text) as Parameters<typeof buildModel>[0]);
    let slices = 0;
    for (const { threads } of model.processes)
      for (const { events } of threads) {
        const complete = events.filter((event) => event.isComplete());
        slices += complete.length;
        // The parser gives a slice that lies in another one a parent; a call has none.
        for (const event of complete) t.is(event.parent, undefined, event.name);
        complete.reduce((end, event) => {
          t.true(event.start >= end, `${event.name} begins at ${event.start}, before ${end}`);
          t.true(event.duration > 0);
          return event.end;
        }, 0);
      }
    t.is(slices, json.filter((line) => line.includes('"event":"enter"')).length);
  });

test('instants of signals and wake-ups lie on their tracks', async (t) => {
  const { events } = await see(t, busy);
  const instants = events.filter(({ ph }) => ph === 'i');
  for (const { s } of instants) t.is(s, 't');
  const of = (cat: string): string[] => instants.filter((i) => i.cat === cat).map((i) => `${i.tid} ${i.name}`);
  t.deepEqual(of('signal'), ['2 SIGUSR1']);
  t.true(of('sched').includes('2 wake-up'));
  t.deepEqual(of('task'), ['4 exec /bin/wc']);
});

test('faults', async (t) => {
  const seen = await see(
    t,
    async (libc) => {
      await libc.socket(AF_UNIX, SOCK_STREAM, 0);
    },
    ['socket:error=EMFILE'],
  );
  const fault = seen.events.find(({ cat }) => cat === 'fault')!;
  t.is(fault.name, 'value EMFILE');
  const slice = seen.events.find(({ name, ph }) => name === 'socket' && ph === 'X')!;
  t.true(slice.ts < fault.ts && fault.ts < slice.ts + slice.dur!);
  t.like(slice.args, { call: 'socket(1, 1, 0)', ret: 'EMFILE' });
});

test('arrows lead from the call that made a descriptor to the execve that inherited it', async (t) => {
  const { events } = await see(t, busy);
  const ends = (ph: string): readonly TraceEvent[] => events.filter((event) => event.ph === ph);
  const slice_at = ({ tid, ts }: TraceEvent): string | undefined =>
    events.find((e) => e.ph === 'X' && e.tid === tid && e.ts <= ts && ts < e.ts + e.dur!)?.name;
  const arrows = ends('s').map((from) => {
    const to = ends('f').find(({ id }) => id === from.id)!;
    t.is(to.bp, 'e');
    t.is(to.name, from.name);
    t.true(from.ts < to.ts);
    return [from.tid, slice_at(from), to.tid, slice_at(to)];
  });
  t.is(ends('s').length, ends('f').length);
  t.is(new Set(ends('s').map(({ id }) => id)).size, ends('s').length);
  // The marked socket is not inherited; 0, 1 and 2 were made by no call.
  t.deepEqual(arrows, [[2, 'socket', 4, 'execve']]);
});

test('a counter of open descriptors', async (t) => {
  const { events } = await see(t, busy);
  const counts = events.filter(({ ph, pid }) => ph === 'C' && pid === 2).map(({ args }) => args!['open']);
  t.deepEqual(counts, [0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0]);
  t.true(events.every(({ ts }, i) => i === 0 || ts >= events[i - 1]!.ts));
});

test('what has not returned is there too', async (t) => {
  const kernel = boot_for(t);
  const line = timeline();
  let during: readonly TraceEvent[] = [];
  kernel.set_trace(
    event_tracer([
      line.listener,
      (event) => event.event === 'enter' && event.nr === NR.getpid && (during = line.events()),
    ]),
  );
  await kernel.run(async (libc) => {
    await libc.getpid();
  });
  t.like(
    during.find(({ name }) => name === 'getpid'),
    { ph: 'X', args: { ret: 'not returned' } },
  );
});

// The log for machines.
test('a line of JSON for each line of text', async (t) => {
  const { json, log } = await see(t, busy, ['getuid:error=EPERM']);
  t.is(json.length, log.length);
  const events = json.map((line) => JSON.parse(line) as Record<string, unknown>);
  events.forEach(({ n }, i) => t.is(n, i + 1));
  t.true(events.every(({ ts }, i) => i === 0 || Number(ts) >= Number(events[i - 1]!['ts'])));
});

test('every member of every event is documented, and happens', async (t) => {
  const text = readFileSync('docs/events.md', 'utf8');
  const rows = new Map(
    [...text.matchAll(/^\| `(\w+)` +\|(.*)$/gm)].map(([, name, row]) => [
      name!,
      [...row!.split('|')[0]!.matchAll(/`(\w+)`/g)].map(([, member]) => member!).sort(),
    ]),
  );
  const { json } = await see(t, busy, ['getpid:delay_enter=5']);
  const seen = new Map<string, Set<string>>();
  for (const line of json) {
    const { event, ...members } = JSON.parse(line) as { event: string };
    const known = seen.get(event) ?? new Set<string>();
    seen.set(event, known);
    for (const member of Object.keys(members)) if (!['n', 'ts', 'pid'].includes(member)) known.add(member);
  }
  t.deepEqual([...seen.keys()].sort(), [...rows.keys()].filter((name) => name !== 'cloexec').sort());
  for (const [event, members] of seen)
    for (const member of members) t.true(rows.get(event)!.includes(member), `${event} ${member}`);
});
