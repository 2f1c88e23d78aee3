/** Text and bytes. TextEncoder and TextDecoder are in browsers and in Node alike; the types of the core know no host. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

let encoder: InstanceType<typeof TextEncoder> | undefined;
let decoder: InstanceType<typeof TextDecoder> | undefined;

/** Texts up to this length, if they are ASCII, are not worth the way to the host's encoder: 60 ns for twenty letters instead of 250. */
const SHORT = 64;

/** Put `text` into `bytes` from `at` on, one byte for each letter. False: it is not ASCII, or long. */
export function put_short_ascii(bytes: Uint8Array, at: number, text: string): boolean {
  if (text.length > SHORT) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return false;
    bytes[at + i] = code;
  }
  return true;
}

export function to_bytes(text: string | Uint8Array): Uint8Array {
  if (typeof text !== 'string') return text;
  if (text.length <= SHORT) {
    const bytes = new Uint8Array(text.length);
    if (put_short_ascii(bytes, 0, text)) return bytes;
  }
  encoder ??= new TextEncoder();
  return encoder.encode(text);
}

export function to_text(bytes: Uint8Array): string {
  // A byte order mark is text as any other.
  decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
  return decoder.decode(bytes);
}
