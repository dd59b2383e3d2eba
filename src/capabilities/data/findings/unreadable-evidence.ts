import type { UnreadableColumn } from "../../../foundation/contracts/finder.js";

/** How many of the `total` rows cannot be read, and which ones for example, counted from 1. */
export const unreadableEvidence = (
  { rows, examples }: Pick<UnreadableColumn, "rows" | "examples">,
  total: number,
) => ({
  rows,
  share: rows / Math.max(1, total),
  examples: examples.map(({ row, value }) => ({ rowNumber: row + 1, value })),
});
