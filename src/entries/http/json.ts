/** Reading and writing JSON where `JSON.parse` alone would be unsafe or inexact. */
import { QuernError } from "../../foundation/base/errors.js";

const MAXIMUM_DEPTH = 100;
/** Shorter texts cannot nest deep enough to matter. */
const SHORT = 2_000;

/** @throws QuernError REQUEST_INVALID */
export function parseJson(text: string): unknown {
  if (text.length > SHORT) checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = text.trim() === "" ? "The request has no body" : (cause as Error).message;
    throw new QuernError("REQUEST_INVALID", `The body is not JSON: ${why}.`, { cause });
  }
}

/** A string, or a whole number that a double may not hold. */
const STRING_OR_LONG_INTEGER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d{16,}(?![\d.eE])/g;
const LONG_DIGITS = /\d{16}/;

/**
 * The same, but whole numbers of 16 digits or more become bigint.
 * They are marked as strings before parsing; the mark is one that the text does not contain.
 */
export function parseJsonExact(text: string): unknown {
  if (!LONG_DIGITS.test(text)) return parseJson(text);
  let mark = "int:";
  while (text.includes(mark)) mark = `#${mark}`;
  const marked = text.replace(STRING_OR_LONG_INTEGER, (token) =>
    token.startsWith('"') ? token : `"${mark}${token}"`,
  );
  // JSON forbids leading zeros; as a marked string they would pass.
  if (marked.includes(`"${mark}0`) || marked.includes(`"${mark}-0`)) return parseJson(text);
  return restore(parseJson(marked), mark);
}

function restore(value: unknown, mark: string): unknown {
  if (typeof value === "string") return value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = restore(value[index], mark);
    return value;
  }
  if (typeof value !== "object" || value === null) return value;
  // Entries, so that `__proto__` stays a key like any other.
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, restore(entry, mark)]));
}

/** Code that walks the value recursively must not be brought down by brackets. */
function checkDepth(text: string): void {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) index = endOfString(text, index);
    else if (code === 0x5b || code === 0x7b) depth += 1;
    else if (code === 0x5d || code === 0x7d) depth -= 1;
    if (depth > MAXIMUM_DEPTH) {
      throw new QuernError("REQUEST_INVALID", `The body nests deeper than ${MAXIMUM_DEPTH} levels.`);
    }
  }
}

function endOfString(text: string, start: number): number {
  let index = text.indexOf('"', start + 1);
  while (index > 0 && isEscaped(text, index)) index = text.indexOf('"', index + 1);
  return index < 0 ? text.length : index;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === 0x5c) backslashes += 1;
  return backslashes % 2 === 1;
}
