import type { Finding } from "../../../foundation/contracts/finding.js";
import { type Frame, takeRows } from "../../../foundation/contracts/frame.js";
import { type Target, takeTarget } from "../../../foundation/contracts/target.js";
import { expectsEqualRows } from "./columns.js";
import { farValues } from "./far-values.js";
import { contentKeys, rowsWithEqualKey } from "./row-content.js";
import { rowsOf } from "./wording.js";

export interface CleaningInput {
  /** Features only: no target, no ids. */
  readonly frame: Frame;
  /** One entry a row of `frame`. */
  readonly target: Target;
  /** The training rows. */
  readonly rows: Int32Array;
  readonly config: {
    /** Keep one of several rows with equal features and target. */
    readonly duplicates: boolean;
    /** Drop rows with equal features and different classes. */
    readonly conflicts: boolean;
    /** Drop rows whose numeric target is far from all others. */
    readonly outliers: boolean;
  };
}

export interface CleaningResult {
  /** Ascending. */
  readonly rows: Int32Array;
  /** What was done, for the report; empty when nothing was. */
  readonly findings: readonly Finding[];
}

/**
 * Drops rows from training data. Validation and test rows are never touched: they stand for the data the model
 * will meet, copies and errors included.
 */
export function cleanTrainingRows({ frame, target, rows, config }: CleaningInput): CleaningResult {
  const features = takeRows(frame, rows);
  const values = takeTarget(target, rows);
  const dropped = new Set<number>();
  const findings: Finding[] = [];
  const drop = (positions: readonly number[], id: string, what: string, key: string): void => {
    const fresh = positions.filter((position) => !dropped.has(position));
    if (fresh.length === 0) return;
    for (const position of fresh) dropped.add(position);
    findings.push({
      id,
      severity: "info",
      message: `${rowsOf(fresh.length, rows.length)} of the training part ${what}; the other parts were left as they are.`,
      evidence: { rows: fresh.length, share: fresh.length / rows.length },
      fix: { state: "applied", action: `Left out of training; \`cleaning.${key}: false\` keeps them.` },
    });
  };
  const equal = rowsWithEqualKey(contentKeys(features, [...features.columns.keys()]));
  if (config.conflicts && values.task !== "regression") {
    const conflicting = equal.filter((members) => new Set(members.map((row) => values.codes[row])).size > 1);
    drop(conflicting.flat(), "conflicts-removed", "contradicted another row and were left out", "conflicts");
  }
  // Where independent rows must often agree, a repeated row is an observation, not a copy.
  if (config.duplicates && !expectsEqualRows(features, Int32Array.from(rows.keys()))) {
    const outcomes = values.task === "regression" ? values.values : values.codes;
    const repeats = equal.flatMap((members) => laterEqual(members, outcomes));
    drop(repeats, "duplicates-removed", "repeated an earlier one and were left out", "duplicates");
  }
  if (config.outliers && values.task === "regression") {
    drop(
      farValues(values.values),
      "outliers-removed",
      "had a target far from all others and were left out",
      "outliers",
    );
  }
  return { rows: rows.filter((_, position) => !dropped.has(position)), findings };
}

/** Members whose outcome an earlier member has as well. */
function laterEqual(members: readonly number[], outcomes: ArrayLike<number>): number[] {
  const seen = new Set<number>();
  return members.filter((row) => {
    const repeated = seen.has(outcomes[row]!);
    seen.add(outcomes[row]!);
    return repeated;
  });
}
