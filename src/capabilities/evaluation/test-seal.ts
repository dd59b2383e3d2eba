/**
 * The test rows are opened once, after every choice is made. A figure from rows that were looked at before may
 * have been chosen for; so each opening is recorded, and a second one is said aloud.
 */
import type { Sha256 } from "../../foundation/base/hash.js";

/** Whoever keeps records stores these; see `DatasetStore.openTest`. */
export interface SealOpening {
  /** SHA-256 of dataset version, split config and assignment. */
  readonly split: Sha256;
  readonly run: string;
  /** Epoch milliseconds. */
  readonly openedAt: number;
}

export interface SealState {
  /** The seal was whole before this run. */
  readonly first: boolean;
  /** Openings by other runs, oldest first. */
  readonly earlier: readonly SealOpening[];
}

/** A run that is resumed, or whose cached result is read again, opens nothing anew. */
export function sealState(openings: readonly SealOpening[], split: Sha256, run: string): SealState {
  const earlier = openings
    .filter((opening) => opening.split === split && opening.run !== run)
    .sort((a, b) => a.openedAt - b.openedAt);
  return { first: earlier.length === 0, earlier };
}
