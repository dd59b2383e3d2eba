/**
 * JSON with sorted keys and no white space (RFC 8785 in spirit), so that equal values have equal bytes and
 * so equal hashes. Non-finite numbers are written as the strings "NaN", "Infinity", "-Infinity".
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) return JSON.stringify(String(value));
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (ArrayBuffer.isView(value)) return canonicalJson(elementsOf(value));
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(",")}}`;
}

/** Of typed arrays their numbers; a view of raw bytes has no elements of its own. */
const elementsOf = (view: ArrayBufferView): unknown[] =>
  Symbol.iterator in view ? Array.from(view as ArrayBufferView & Iterable<unknown>) : [];
