/** Text and bytes. TextEncoder and TextDecoder are in browsers and in Node alike; the types of the core know no host. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new () => { decode(bytes: Uint8Array): string };

let encoder: InstanceType<typeof TextEncoder> | undefined;
let decoder: InstanceType<typeof TextDecoder> | undefined;

export function to_bytes(text: string | Uint8Array): Uint8Array {
  if (typeof text !== 'string') return text;
  encoder ??= new TextEncoder();
  return encoder.encode(text);
}

export function to_text(bytes: Uint8Array): string {
  decoder ??= new TextDecoder();
  return decoder.decode(bytes);
}
