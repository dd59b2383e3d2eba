/** Netpbm's binary PGM and PPM of 8 bits (netpbm.sourceforge.net/doc/pgm.html): a header of text, then pixels. */
import type { Picture } from "./picture.js";

const BLANK = new Set([9, 10, 11, 12, 13, 32]);

/** The image as PGM (grey) or PPM (colour). */
export function encodeNetpbm({ width, height, channels, data }: Picture): Uint8Array {
  const header = new TextEncoder().encode(`P${channels === 1 ? 5 : 6}\n${width} ${height}\n255\n`);
  const bytes = new Uint8Array(header.length + data.length);
  bytes.set(header);
  bytes.set(data, header.length);
  return bytes;
}

/** Whether the bytes begin as a binary PGM or PPM does. */
export function isNetpbm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && (bytes[1] === 0x35 || bytes[1] === 0x36) && BLANK.has(bytes[2]!);
}

/**
 * The pixels are a view of the bytes.
 * @throws Error saying in one clause what is wrong
 */
export function decodeNetpbm(bytes: Uint8Array): Picture {
  const channels = bytes[1] === 0x35 ? 1 : 3;
  let at = 2;
  const readNumber = (): number => {
    while (BLANK.has(bytes[at]!) || bytes[at] === 0x23) {
      if (bytes[at] === 0x23) while (at < bytes.length && bytes[at] !== 10) at++;
      else at++;
    }
    let value = 0;
    const start = at;
    for (; bytes[at]! >= 48 && bytes[at]! <= 57 && at - start < 9; at++) value = value * 10 + bytes[at]! - 48;
    if (at === start) throw new Error("its header is damaged");
    return value;
  };
  const [width, height, largest] = [readNumber(), readNumber(), readNumber()];
  if (largest !== 255) throw new Error(`its largest value is ${largest}, not 255`);
  at++;
  const size = width * height * channels;
  if (size === 0) throw new Error("it has no pixels");
  if (bytes.length - at < size) throw new Error("it is cut off");
  return { width, height, channels, data: bytes.subarray(at, at + size) };
}
