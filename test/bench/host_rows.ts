/** What calls cost on the kernel of this machine through the library, beside the same from C, and beside what Node has of its own. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { hostKernel } from '../../host.js';
import type { Libc } from '../../index.js';
import { AF_INET, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY } from '../../kernel-mock/include/uapi/index.js';
import { type Prepare, type Prepared, type Row, check, prepared_by, time_ns } from './row.js';

/** A call that need not wait takes at most so many times what it takes from C. */
export const HOST_TARGET = 4;
/** An echo takes no longer than with the sockets of Node. */
export const ECHO_TARGET = 1;

/** The rows whose calls never wait. */
export const host_rows: ReadonlySet<string> = new Set([
  'getppid',
  'fcntl_getfd',
  'socket_close_unix',
  'socket_close_inet',
  'pair_write1_read1',
  'pair_write4096_read4096',
  'pipe_write1_read1',
  'pipe_write4096_read4096',
  'eventfd_write_read',
  'epoll_wait_1_of_1',
  'poll_64',
]);

/** Why there is no host kernel; null: there is one. */
export function no_host(): string | null {
  try {
    hostKernel();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function on_host(name: string, prepare: Prepare): Promise<Prepared> {
  const kernel = hostKernel();
  return prepared_by((program) => kernel.run(program), name, prepare);
}

async function timed({ work, end }: Prepared, n: number): Promise<number> {
  await work(Math.ceil(n / 10));
  const ns = await time_ns(work, n);
  await end();
  return ns;
}

/** Nanoseconds for each of `n` iterations of a row on the kernel of this machine. */
export async function host_ns({ name, prepare }: Row, n: number): Promise<number> {
  return timed(await on_host(name, prepare), n);
}

const MESSAGE = 64;

/** Both ends of a connection over loopback, in threads of one program. */
const prepare_echo: Prepare = async (libc) => {
  const listener = check(libc, await libc.socket(AF_INET, SOCK_STREAM, 0));
  check(libc, await libc.bind(listener, { family: AF_INET, addr: '127.0.0.1', port: 0 }));
  check(libc, await libc.listen(listener, 1));
  const name: { port?: number } = {};
  await libc.getsockname(listener, name);
  const serve = async (own: Libc): Promise<void> => {
    const fd = await own.accept(listener);
    await own.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    const buf = new Uint8Array(MESSAGE);
    for (let n = await own.read(fd, buf); n > 0; n = await own.read(fd, buf)) await own.write(fd, buf.subarray(0, n));
  };
  await libc.pthread_create(null, null, serve, null);
  const fd = check(libc, await libc.socket(AF_INET, SOCK_STREAM, 0));
  check(libc, await libc.connect(fd, { family: AF_INET, addr: '127.0.0.1', port: name.port! }));
  await libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  const message = new Uint8Array(MESSAGE);
  const reply = new Uint8Array(MESSAGE);
  return async (n) => {
    for (let i = 0; i < n; i++) {
      check(libc, await libc.write(fd, message), MESSAGE);
      for (let got = 0; got < MESSAGE;) got += check(libc, await libc.read(fd, reply));
    }
  };
};

export async function host_echo_ns(n: number): Promise<number> {
  return timed(await on_host('echo', prepare_echo), n);
}

/** The same with node:net, both ends in this process too. */
export async function node_echo_ns(n: number): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => socket.on('data', (data) => socket.write(data)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  await once(client, 'connect');
  const message = new Uint8Array(MESSAGE);
  const work = (count: number): Promise<void> =>
    new Promise((resolve) => {
      let left = count;
      let got = 0;
      const take = (data: Buffer): void => {
        got += data.length;
        if (got < MESSAGE) return;
        got -= MESSAGE;
        if (--left > 0) client.write(message);
        else {
          client.removeListener('data', take);
          resolve();
        }
      };
      client.on('data', take);
      client.write(message);
    });
  const end = async (): Promise<void> => {
    client.destroy();
    server.close();
    await once(server, 'close');
  };
  return timed({ work, end }, n);
}
