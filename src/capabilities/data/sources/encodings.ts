/** Tells the encoding of a text from its first bytes. */

/** Labels of the WHATWG Encoding Standard. */
export interface DetectedEncoding {
  readonly encoding: "utf-8" | "utf-16le" | "utf-16be" | "gb18030";
  /** A byte order mark, or valid UTF-8; otherwise a guess. */
  readonly certain: boolean;
}

/** @returns undefined when the bytes are none of the encodings found by themselves */
export function detectEncoding(head: Uint8Array): DetectedEncoding | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: "utf-8", certain: true };
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: "utf-16le", certain: true };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: "utf-16be", certain: true };
  const zeros = countZeros(head.subarray(0, 4096));
  if (zeros.odd > 0.3 && zeros.even < 0.05) return { encoding: "utf-16le", certain: false };
  if (zeros.even > 0.3 && zeros.odd < 0.05) return { encoding: "utf-16be", certain: false };
  if (decodes(head, "utf-8")) return { encoding: "utf-8", certain: true };
  // Of Chinese text few characters have a zero byte, and 一 has it on the other side; a wrong order has no line ends.
  for (const encoding of ["utf-16le", "utf-16be"] as const)
    if (head.includes(0) && isText(head, encoding)) return { encoding, certain: false };
  if (decodes(head, "gb18030") && looksChinese(head)) return { encoding: "gb18030", certain: false };
  return undefined;
}

/** But white space. */
const CONTROLS = /[^\P{Cc}\s]/u;

/** Whether the bytes are text of lines, without control characters. */
function isText(bytes: Uint8Array, encoding: "utf-16le" | "utf-16be"): boolean {
  if (!decodes(bytes, encoding)) return false;
  const text = new TextDecoder(encoding).decode(bytes, { stream: true });
  return text.includes("\n") && !CONTROLS.test(text);
}

/** Two characters of another encoding can be valid UTF-8 by chance, as the GBK bytes of 联通 are. */
const SURE_CHARACTERS = 3;

/** Whether so many different characters are valid UTF-8 that no other encoding can be meant. */
export function isSurelyUtf8(head: Uint8Array): boolean {
  const detected = detectEncoding(head);
  if (detected?.encoding !== "utf-8") return false;
  if (head[0] === 0xef && head[1] === 0xbb) return true;
  const text = new TextDecoder("utf-8").decode(head, { stream: true });
  return new Set(text.match(/[^\0-\x7f]/gu)).size >= SURE_CHARACTERS;
}

function countZeros(bytes: Uint8Array): { even: number; odd: number } {
  const count = [0, 0];
  for (const [index, byte] of bytes.entries()) if (byte === 0) count[index % 2]!++;
  const half = Math.max(1, bytes.length / 2);
  return { even: count[0]! / half, odd: count[1]! / half };
}

/** Whether the bytes are valid, but for a character cut off at the end. */
function decodes(bytes: Uint8Array, encoding: string): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * Nearly any Western text with accents is valid GB18030 too, as rare characters. In real Chinese text most
 * two-byte characters are those of GB 2312, whose bytes are both at least 0xA1.
 */
function looksChinese(bytes: Uint8Array): boolean {
  let pairs = 0;
  let common = 0;
  for (let i = 0; i + 1 < bytes.length; i++) {
    if (bytes[i]! < 0x81) continue;
    pairs++;
    if (bytes[i]! >= 0xa1 && bytes[i + 1]! >= 0xa1) common++;
    i++;
  }
  return pairs > 0 && common >= pairs * 0.9;
}
