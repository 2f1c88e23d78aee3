/**
 * What a step touches: names of kernel objects, read or written. Two steps commute if neither writes what the other touches. A name is
 * the same in every order in which the object exists: it is made of who made it, and the how manyth of his it was.
 */
import type { FilesStruct, OpenFile } from '../../kernel-mock/include/linux/fs.js';
import type { Kernel } from '../../kernel-mock/include/linux/kernel.js';
import type { Mm } from '../../kernel-mock/include/linux/mm.js';
import type { Socket } from '../../kernel-mock/include/linux/net.js';
import type { Task, ThreadGroup } from '../../kernel-mock/include/linux/sched.js';
import { eventfd_fops } from '../../kernel-mock/fs/eventfd.js';
import { pipefifo_fops } from '../../kernel-mock/fs/pipe.js';
import { ramfs_file_operations } from '../../kernel-mock/fs/ramfs.js';
import { eventpoll_fops } from '../../kernel-mock/fs/eventpoll.js';
import { socket_file_ops } from '../../kernel-mock/net/socket.js';

/** Names, and whether each is written; null: everything is touched. */
export type Footprint = Map<string, boolean> | null;

export function conflict(a: Footprint, b: Footprint): boolean {
  if (a === null || b === null) return true;
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  for (const [name, write] of few) {
    const other = many.get(name);
    if (other !== undefined && (write || other)) return true;
  }
  return false;
}

export function union(a: Footprint, b: Footprint): Footprint {
  if (a === null || b === null) return null;
  const both = new Map(a);
  for (const [name, write] of b) both.set(name, write || both.get(name) === true);
  return both;
}

/** The end of a connection that a socket has; the types of the families are not known here. */
interface Connected {
  readonly peer?: object | null;
}

/** Things of which there is one. NET: addresses and queues of listening sockets; FS: names and files; PID, INO: who gets which number. */
export const NET = 'net';
export const FS = 'fs';
export const PID = 'pid';
export const INO = 'ino';
export const EPOLL = 'epoll';
/** Parents of processes. */
export const TREE = 'tree';

/** Collects what the step that is under way touches. */
export class Recorder {
  current: Footprint = new Map();
  /** Something couples objects in ways that are not known here (SIGIO, inotify, locks …): from now on all touch everything. */
  coupled = false;
  /** What epolls watch. */
  readonly watched = new Set<string>();
  #names = new WeakMap<object, string>();
  #made = new Map<string, number>();

  /** Another execution. */
  reset(): void {
    this.current = new Map();
    this.coupled = false;
    this.watched.clear();
    this.#names = new WeakMap();
    this.#made = new Map();
  }

  touch(name: string, write: boolean): void {
    const { current } = this;
    if (current === null) return;
    if (write) current.set(name, true);
    else if (!current.has(name)) current.set(name, false);
    if (write && this.watched.has(name)) current.set(EPOLL, true);
  }

  everything(): void {
    this.current = null;
  }

  /** The name of `object`; a new one is named after `maker`. */
  name(object: object, maker: string): string {
    let name = this.#names.get(object);
    if (name === undefined) {
      const nth = this.#made.get(maker) ?? 0;
      this.#made.set(maker, nth + 1);
      name = nth === 0 ? maker : `${maker}.${nth}`;
      this.#names.set(object, name);
    }
    return name;
  }

  /** A sock is named after its peer, if that has a name: an accepted one is nobody's before accept. */
  sock(sk: object, maker: string): string {
    if (this.#names.has(sk)) return this.name(sk, maker);
    const { peer } = sk as Connected;
    const other = peer === null || peer === undefined ? undefined : this.#names.get(peer);
    return this.name(sk, other === undefined ? maker : `peer of ${other}`);
  }

  files(files: FilesStruct, task: Task): string {
    return this.name(files, `files ${task.pid}`);
  }

  mm(mm: Mm, task: Task): string {
    return this.name(mm, `mm ${task.pid}`);
  }

  /** Descriptor `fd` of the task's table. Who writes one changes the whole table in the eyes of those who copy it. */
  slot(task: Task, fd: number, write: boolean): void {
    const table = this.files(task.files, task);
    this.touch(`${table}/${fd >>> 0}`, write);
    this.touch(write ? `${table} changes` : `${table} uses`, false);
  }

  /** Which descriptors are free. */
  free_slots(task: Task): void {
    this.touch(`${this.files(task.files, task)} free`, true);
  }

  /** The whole table, as fork reads it and execve changes it. */
  table(task: Task, write: boolean): void {
    const table = this.files(task.files, task);
    this.touch(`${table} changes`, true);
    if (write) this.touch(`${table} uses`, true);
    this.touch(`${table} free`, write);
  }

  signals(group: ThreadGroup, write: boolean): void {
    this.touch(`signals ${group.tgid}`, write);
  }

  children(group: ThreadGroup): void {
    this.touch(`children ${group.tgid}`, true);
  }

  /** A file that has just been given a descriptor: it, and what is behind it, gets its name from who made it. */
  made(task: Task, file: OpenFile): void {
    this.name(file, `file ${task.pid}`);
    const { private_data } = file;
    if (file.f_op === socket_file_ops) this.sock((private_data as Socket).sk, `sock ${task.pid}`);
    else if (typeof private_data === 'object' && private_data !== null) this.name(private_data, `object ${task.pid}`);
  }

  /** What is behind an open file: its data and its readiness. */
  behind(task: Task, file: OpenFile, write: boolean): void {
    const { f_op, private_data } = file;
    if (f_op === socket_file_ops) this.socket(task, private_data as Socket, write);
    else if (f_op === pipefifo_fops || f_op === eventfd_fops)
      this.touch(this.name(private_data as object, 'object'), write);
    else if (f_op === eventpoll_fops) this.touch(EPOLL, true);
    else if (f_op === ramfs_file_operations) this.touch(FS, write);
    else if (file === task.kernel.console) this.touch('console', write);
    else this.everything();
  }

  socket(task: Task, { sk }: Socket, write: boolean): void {
    this.touch(this.sock(sk, `sock ${task.pid}`), write);
    const { peer } = sk as Connected;
    if (peer === null || peer === undefined) this.touch(NET, false);
    else this.touch(this.sock(peer, `sock ${task.pid}`), write);
  }

  /** The file of descriptor `fd`, and what is behind it. */
  file(task: Task, fd: number, write: boolean): OpenFile | null {
    this.slot(task, fd, false);
    const file = task.files.fd[fd >>> 0] ?? null;
    if (file === null) return null;
    this.touch(this.name(file, 'file'), false);
    this.behind(task, file, write);
    return file;
  }

  /** Descriptor `fd` lets go of its file. */
  close(task: Task, fd: number): void {
    this.slot(task, fd, true);
    this.free_slots(task);
    const file = task.files.fd[fd >>> 0] ?? null;
    if (file !== null) this.put(task, file);
  }

  put(task: Task, file: OpenFile): void {
    if (file === task.kernel.console) return;
    this.touch(this.name(file, 'file'), true);
    if (file.f_count > 1) return;
    this.behind(task, file, true);
    if (file.f_op === socket_file_ops) this.touch(NET, true);
  }

  word(task: Task, address: number | string, write: boolean): void {
    const mm = this.mm(task.mm, task);
    this.touch(`${mm} @ ${address}`, write);
    this.touch(`${mm} words`, false);
  }

  /** The task's end: what it holds goes, and who waits for it hears of it. */
  exit(task: Task): void {
    const { group, files, mm, clear_child_tid } = task;
    const last = group.threads.size === 1;
    // Where the host waits for the process, nothing may run after it.
    if (last && group.run !== null) this.everything();
    if (files.count === 1) for (let fd = 0; fd < files.fd.length; fd++) if (files.fd[fd] !== null) this.close(task, fd);
    if (clear_child_tid !== 0 && mm.users > 1) this.word(task, clear_child_tid, true);
    if (group.children.size > 0) this.touch(TREE, true);
    const { parent } = group;
    if (!last || parent === null) return;
    this.children(parent);
    this.touch(`actions ${parent.tgid}`, false);
    if (hears_of_children(parent)) this.signals(parent, true);
  }
}

const SIGCHLD_BIT = 1 << 16;

/** Does SIGCHLD do anything to the process? By default it is ignored; blocked it waits for a signalfd or sigtimedwait. */
function hears_of_children({ actions, threads }: ThreadGroup): boolean {
  if (actions[17] !== undefined) return true;
  for (const thread of threads) if ((thread.blocked.lo & SIGCHLD_BIT) !== 0) return true;
  return false;
}

export type { Kernel };
