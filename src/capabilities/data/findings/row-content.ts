import { ascendingOrder } from "../../../foundation/base/ascending-order.js";
import { type Column, cellWidth, type Frame } from "../../../foundation/contracts/frame.js";

/**
 * A 53-bit key of each row's content in the given columns: equal rows have equal keys; different rows share
 * one with a probability of about 1e-16 a pair.
 */
export function contentKeys(frame: Frame, names: readonly string[]): Float64Array {
  const low = new Uint32Array(frame.rows).fill(0x9e3779b9);
  const high = new Uint32Array(frame.rows).fill(0x85ebca6b);
  for (const name of names) mixColumn(frame.columns.get(name)!, low, high);
  return Float64Array.from(low, (word, row) => high[row]! * 2097152 + (word >>> 11));
}

function mixColumn(column: Column, low: Uint32Array, high: Uint32Array): void {
  switch (column.kind) {
    case "category":
      for (let row = 0; row < low.length; row++) mix(low, high, row, column.codes[row]!, 1);
      return;
    case "text":
    case "id": {
      const codes = new Map<string, number>();
      for (let row = 0; row < low.length; row++) {
        const value = column.values[row]!;
        const code = codes.get(value) ?? codes.size;
        codes.set(value, code);
        mix(low, high, row, code, 2);
      }
      return;
    }
    default: {
      const width = cellWidth(column);
      const value = new Float64Array(1);
      const words = new Uint32Array(value.buffer);
      for (let i = 0; i < low.length * width; i++) {
        // Adding zero makes -0 equal to 0; all NaN are written alike.
        value[0] = Number.isNaN(column.values[i]!) ? Number.NaN : column.values[i]! + 0;
        mix(low, high, width === 1 ? i : Math.floor(i / width), words[0]!, words[1]!);
      }
    }
  }
}

function mix(low: Uint32Array, high: Uint32Array, row: number, first: number, second: number): void {
  let a = Math.imul(low[row]! ^ first, 0xcc9e2d51);
  a ^= a >>> 15;
  let b = Math.imul(high[row]! ^ second, 0x1b873593) + a;
  b ^= b >>> 13;
  a = Math.imul(a + b, 0x85ebca6b);
  low[row] = a ^ (a >>> 16);
  high[row] = Math.imul(b ^ (a >>> 9), 0xc2b2ae35);
}

/** Rows by key, only where two or more share one; ascending, in the order in which rows were first met again. */
export function rowsWithEqualKey(keys: Float64Array): number[][] {
  const order = ascendingOrder(keys);
  const shared: number[][] = [];
  for (let i = 1; i < order.length; i++) {
    const [before, row] = [order[i - 1]!, order[i]!];
    if (keys[row] !== keys[before]) continue;
    if (shared.at(-1)?.at(-1) === before) shared.at(-1)!.push(row);
    else shared.push([before, row]);
  }
  return shared.sort((a, b) => a[1]! - b[1]!);
}
