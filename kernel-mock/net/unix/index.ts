/** The family AF_UNIX with its three types. */
import { unix_family } from './af_unix.js';
import { unix_dgram_ops, unix_seqpacket_ops } from './dgram.js';
import { unix_stream_ops } from './stream.js';

export const unix_family_ops = unix_family({
  stream: unix_stream_ops,
  dgram: unix_dgram_ops,
  seqpacket: unix_seqpacket_ops,
});
