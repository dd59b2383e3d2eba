import type { Random } from "../../../foundation/base/random.js";
import { createFrame, type Frame, takeColumn } from "../../../foundation/contracts/frame.js";
import { joinColumns } from "../join-columns.js";

/** Share of rows left whole: the model's own answers, which contributions must add up to. */
const WHOLE_SHARE = 0.2;

/**
 * Rows in which the columns of a coalition are those of one row and all others those of a background row, as the game
 * behind Shapley values asks of a model. Sizes of coalitions are drawn by the Shapley kernel's weight.
 */
export function drawMaskedRows(rows: Frame, background: Frame, count: number, random: Random): Frame {
  const names = [...background.columns.keys()];
  const own = new Int32Array(count);
  const others = new Int32Array(count);
  const members = Array.from(names, () => new Uint8Array(count));
  const drawSize = coalitionSizes(names.length, random);
  for (let at = 0; at < count; at++) {
    own[at] = random.integer(rows.rows);
    others[at] = rows.rows + random.integer(background.rows);
    const size = random.uniform() < WHOLE_SHARE ? names.length : drawSize();
    for (const column of random.permutation(names.length).subarray(0, size)) members[column]![at] = 1;
  }
  return createFrame(
    names.map((name, k) => {
      const pool = joinColumns(rows.columns.get(name)!, background.columns.get(name)!);
      const from = own.map((row, at) => (members[k]![at] === 1 ? row : others[at]!));
      return [name, takeColumn(pool, from)] as const;
    }),
    count,
  );
}

/** Draws sizes from 1 to `players` - 1 (of one player: 1) by (players - 1) / (size * (players - size)). */
export function coalitionSizes(players: number, random: Random): () => number {
  const weights = Array.from(
    { length: players - 1 },
    (_, k) => (players - 1) / ((k + 1) * (players - k - 1)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return () => {
    let left = random.uniform() * total;
    let size = 1;
    while (size < players - 1 && left >= weights[size - 1]!) left -= weights[size++ - 1]!;
    return size;
  };
}
