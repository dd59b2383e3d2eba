import { QuernError } from "../../../foundation/base/errors.js";
import type { SplitConfig } from "../../../foundation/contracts/split.js";
import { LEFT_OUT, PART, requireInput, requireRows, type SplitInput, usableRows } from "./split-input.js";

/**
 * Oldest rows train, the next validate, the newest test. Rows of one moment stay together: a cut between
 * them moves to the nearer end of the moment. Rows without a time are left out.
 */
export function timeParts(config: Extract<SplitConfig, { kind: "time" }>, input: SplitInput): Uint8Array {
  const times = requireInput(input, "times", config);
  const ordered = usableRows(input)
    .filter((row) => Number.isFinite(times[row]))
    .sort((a, b) => times[a]! - times[b]!);
  const needed = config.validation > 0 ? 3 : 2;
  requireRows(ordered.length, needed, `A split by ${JSON.stringify(config.time)}`);
  const starts = momentStarts(ordered, times);
  if (starts.length < needed) {
    throw new QuernError(
      "DATA_TOO_FEW_ROWS",
      `The time column ${JSON.stringify(config.time)} has ${starts.length} distinct ${starts.length === 1 ? "time" : "times"}; this split needs at least ${needed}.`,
      {
        details: { times: starts.length, column: config.time },
        hint: "Name another time column, or split at random.",
      },
    );
  }
  const last = starts.length - 1;
  const testStart = nearestStart(starts, ordered.length * (1 - config.test), needed - 1, last);
  const validationStart =
    config.validation > 0 ? nearestStart(starts, ordered.length * config.train, 1, testStart - 1) : testStart;
  const parts = new Uint8Array(input.rowHashes.length).fill(LEFT_OUT);
  for (const [i, row] of ordered.entries()) {
    parts[row] =
      i >= starts[testStart]! ? PART.test : i >= starts[validationStart]! ? PART.validation : PART.train;
  }
  return parts;
}

/** Positions in `ordered` at which a new moment begins. */
function momentStarts(ordered: Int32Array, times: ArrayLike<number>): number[] {
  const starts: number[] = [];
  for (let i = 0; i < ordered.length; i++) {
    if (i === 0 || times[ordered[i]!] !== times[ordered[i - 1]!]) starts.push(i);
  }
  return starts;
}

/** Index of the start nearest to `position`, among indices low..high. */
function nearestStart(starts: readonly number[], position: number, low: number, high: number): number {
  let best = low;
  for (let i = low; i <= high; i++) {
    if (Math.abs(starts[i]! - position) < Math.abs(starts[best]! - position)) best = i;
  }
  return best;
}
