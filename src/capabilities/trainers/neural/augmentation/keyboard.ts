import type { Random } from "../../../../foundation/base/random.js";

/** Rows of an English keyboard; each is half a key to the right of the one above. */
const ROWS = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

const NEIGHBOURS: ReadonlyMap<string, readonly string[]> = new Map(
  ROWS.flatMap((keys, row) =>
    Array.from(keys, (key, at): [string, string[]] => {
      const around = [keys[at - 1], keys[at + 1], ROWS[row - 1]?.[at], ROWS[row - 1]?.[at + 1]];
      const below = [ROWS[row + 1]?.[at - 1], ROWS[row + 1]?.[at]];
      return [key, [...around, ...below].filter((other) => other !== undefined)];
    }),
  ),
);

/** A letter whose key touches that of the given one, in its case; letters of no key stay. */
export function neighbouringKey(letter: string, random: Random): string {
  const lower = letter.toLowerCase();
  const around = NEIGHBOURS.get(lower);
  if (!around) return letter;
  const other = around[random.integer(around.length)]!;
  return letter === lower ? other : other.toUpperCase();
}
