/** What a descriptor refers to: `-y` and `-yy`. */
import { describe_file } from '../../kernel-mock/fs/proc/fd.js';
import { fget_raw } from '../../kernel-mock/fs/file.js';
import { d_path } from '../../kernel-mock/fs/dcache.js';
import type { OpenFile } from '../../kernel-mock/include/linux/fs.js';
import type { Socket } from '../../kernel-mock/include/linux/net.js';
import type { Task, ThreadGroup } from '../../kernel-mock/include/linux/sched.js';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM } from '../../kernel-mock/include/uapi/socket.js';
import { S_IFBLK, S_IFCHR, S_IFMT } from '../../kernel-mock/include/uapi/stat.js';
import type { InetAddr, InetSock } from '../../kernel-mock/net/ipv4/inet_sock.js';
import type { UnixSock } from '../../kernel-mock/net/unix/af_unix.js';
import { inet_ntop6 } from './inet.js';
import { quote_bytes } from './quote.js';

function is_socket(file: OpenFile): boolean {
  return file.f_op.show(file).startsWith('socket:');
}

/** A path in `<>`: those two in octal. */
function escaped(path: string): string {
  const bytes = Uint8Array.from(path, (ch) => ch.charCodeAt(0));
  return quote_bytes(bytes, 0).slice(1, -1).replace(/</g, '\\74').replace(/>/g, '\\76');
}

/** An address of either family, through its form as a socket address. */
function address(sk: InetSock, addr: InetAddr, port: number): string {
  const bytes = sk.sk_prot.sockaddr(addr, port);
  return sk.sk_family === AF_INET6
    ? `[${inet_ntop6(bytes.subarray(8, 24))}]:${port}`
    : `${bytes.subarray(4, 8).join('.')}:${port}`;
}

/** `127.0.0.1:80->127.0.0.1:41022`, or the inode number of a socket without a port. */
function inet_ends(sk: InetSock, ino: number): string {
  if (sk.inet_num === 0) return String(ino);
  const here = address(sk, sk.inet_saddr, sk.inet_num);
  return sk.inet_dport === 0 ? here : `${here}->${address(sk, sk.inet_daddr, sk.inet_dport)}`;
}

/** The inode, that of the peer, and the name. */
function unix_ends(sk: UnixSock, ino: number): string {
  const peer = sk.peer?.sk_socket?.ino;
  const ends = peer === undefined ? String(ino) : `${ino}->${peer}`;
  if (sk.addr === null) return ends;
  const name = sk.addr.subarray(2);
  const text = name[0] === 0 ? `@${quote_bytes(name.subarray(1), 0)}` : quote_bytes(name.subarray(0, zero_at(name)), 0);
  return `${ends},${text}`;
}

function zero_at(bytes: Uint8Array): number {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes.length : end;
}

/** `TCP:[127.0.0.1:8080]`. Linux strace: print_sockaddr_by_inode. */
function socket_details({ sk, ino }: Socket): string | null {
  const s = sk;
  const stream = s.sk_type === SOCK_STREAM;
  if (s.sk_family === AF_UNIX) return `UNIX${stream ? '-STREAM' : ''}:[${unix_ends(s as UnixSock, ino)}]`;
  if (s.sk_family !== AF_INET && s.sk_family !== AF_INET6) return null;
  const protocol = `${stream ? 'TCP' : 'UDP'}${s.sk_family === AF_INET6 ? 'v6' : ''}`;
  return `${protocol}:[${inet_ends(s as InetSock, ino)}]`;
}

/** `<char 1:3>` behind the path of a device. */
function device_details({ f_inode }: OpenFile): string {
  const type = (f_inode?.i_mode ?? 0) & S_IFMT;
  if (f_inode === null || (type !== S_IFCHR && type !== S_IFBLK)) return '';
  const { i_rdev } = f_inode;
  return `<${type === S_IFCHR ? 'char' : 'block'} ${(i_rdev >>> 8) & 0xfff}:${(i_rdev & 0xff) | ((i_rdev >>> 12) & 0xfff00)}>`;
}

/** What descriptor `fd` of `task` refers to, in `<>`; null: nothing. `details`: as -yy. */
export function describe_fd(task: Task, fd: number, details: boolean): string | null {
  const file = fd < 0 ? null : fget_raw(task, fd);
  if (file === null) return null;
  if (details && is_socket(file)) return `<${socket_details(file.private_data as Socket) ?? file.f_op.show(file)}>`;
  const shown = describe_file(task, file);
  if (details && shown === 'anon_inode:[pidfd]') return `<pid:${(file.private_data as ThreadGroup).tgid}>`;
  const path = escaped(shown.replace(/ \(deleted\)$/, ''));
  const deleted = shown.endsWith(' (deleted)') ? '(deleted)' : '';
  return `<${path}${details ? device_details(file) : ''}>${deleted}`;
}

/** The directory from which relative paths lead. */
export function describe_cwd(task: Task): string | null {
  const { pwd, root } = task.fs;
  return pwd === null ? '/' : escaped(d_path(pwd, root ?? task.kernel.fs!.root));
}
