/** Socket addresses of cases, to bytes and back (sockaddr_in, sockaddr_in6, sockaddr_un). */
import { isIPv4, isIPv6 } from 'node:net';
import { layout_x86_64 } from '../../kernel-mock/include/uapi/layout.js';
import { AF_INET, AF_INET6, AF_UNIX } from '../../kernel-mock/include/uapi/socket.js';
import { evaluate_number, interpolate } from './expression.js';
import { type Fields, Malformed, type Scope, c_string, concat, latin1_bytes, latin1_text, show } from './value.js';

const IN = layout_x86_64.sockaddr_in;
const IN6 = layout_x86_64.sockaddr_in6;
const SUN_PATH = layout_x86_64.sockaddr_un.sun_path;

function ipv4_bytes(text: unknown): number[] {
  if (typeof text !== 'string' || !isIPv4(text)) throw new Malformed(`${show(text)} is no IPv4 address`);
  return text.split('.').map(Number);
}

function ipv6_bytes(text: unknown): number[] {
  if (typeof text !== 'string' || !isIPv6(text) || text.includes('%'))
    throw new Malformed(`${show(text)} is no IPv6 address`);
  const words = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((word) => {
          if (!word.includes('.')) return [parseInt(word, 16)];
          const [a, b, c, d] = ipv4_bytes(word) as [number, number, number, number];
          return [a * 256 + b, c * 256 + d];
        });
  const [front, back] = text.split('::') as [string, string | undefined];
  const head = words(front);
  const tail = back === undefined ? [] : words(back);
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail].flatMap((w) => [
    w >> 8,
    w & 255,
  ]);
}

/** As inet_ntop(3) writes it: the first longest run of two or more zero words is `::`. */
export function ipv6_text(bytes: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, i) => bytes[2 * i]! * 256 + bytes[2 * i + 1]!);
  let best = { base: -1, len: 1 };
  for (let i = 0; i < 8; i++) {
    let len = 0;
    while (i + len < 8 && words[i + len] === 0) len++;
    if (len > best.len) best = { base: i, len };
    i += len;
  }
  const tail = best.base === 0 && (best.len === 6 || (best.len === 5 && words[5] === 0xffff));
  const hex = (list: readonly number[]): string => list.map((w) => w.toString(16)).join(':');
  if (tail) return `${best.len === 6 ? '::' : '::ffff:'}${bytes.subarray(12, 16).join('.')}`;
  if (best.base === -1) return hex(words);
  return `${hex(words.slice(0, best.base))}::${hex(words.slice(best.base + best.len))}`;
}

function port_bytes(a: Record<string, unknown>, scope: Scope): number[] {
  const port = evaluate_number(a.port ?? 0, scope);
  if (port < 0n || port > 0xffffn) throw new Malformed(`${port} is no port`);
  return [Number(port >> 8n), Number(port & 0xffn)];
}

/** The bytes of {family, addr, port}, {family, path}, {family, abstract} or {family}, in their natural size. */
export function pack_address(a: Record<string, unknown>, scope: Scope): Uint8Array {
  const family = Number(BigInt.asUintN(16, evaluate_number(a.family, scope)));
  const head = [family & 255, family >> 8];
  if (family === AF_INET)
    return Uint8Array.from([
      ...head,
      ...port_bytes(a, scope),
      ...ipv4_bytes(a.addr ?? '0.0.0.0'),
      ...new Array<number>(8).fill(0),
    ]);
  if (family === AF_INET6)
    return Uint8Array.from([...head, ...port_bytes(a, scope), 0, 0, 0, 0, ...ipv6_bytes(a.addr ?? '::'), 0, 0, 0, 0]);
  if (family !== AF_UNIX) return concat([Uint8Array.from(head), new Uint8Array(14)]);
  if ('path' in a) return concat([Uint8Array.from(head), Buffer.from(interpolate(a.path, scope)), Uint8Array.of(0)]);
  if ('abstract' in a) return concat([Uint8Array.from([...head, 0]), latin1_bytes(interpolate(a.abstract, scope))]);
  return Uint8Array.from(head);
}

/** The first `len` bytes of `room` as an address; {} if they are too few for a family. */
export function unpack_address(room: Uint8Array, len: number): Fields {
  const bytes = room.subarray(0, Math.max(len, 0));
  if (bytes.length < 2) return {};
  const family = bytes[0]! + bytes[1]! * 256;
  const fields: Fields = { family: BigInt(family) };
  const port = (): bigint => BigInt(bytes[2]! * 256 + bytes[3]!);
  if (family === AF_INET && bytes.length >= IN.sin_zero) {
    fields.port = port();
    fields.addr = bytes.subarray(IN.sin_addr, IN.sin_zero).join('.');
  } else if (family === AF_INET6 && bytes.length >= IN6.sin6_scope_id) {
    fields.port = port();
    fields.addr = ipv6_text(bytes.subarray(IN6.sin6_addr, IN6.sin6_scope_id));
  } else if (family === AF_UNIX && bytes.length > SUN_PATH) {
    if (bytes[SUN_PATH] === 0) fields.abstract = latin1_text(bytes.subarray(SUN_PATH + 1));
    else fields.path = c_string(bytes.subarray(SUN_PATH));
  }
  return fields;
}
