import { adjustFamilywise } from "../../../foundation/base/multiplicity.js";
import type { Random } from "../../../foundation/base/random.js";
import type { DriftTest } from "../../../foundation/contracts/drift-test.js";
import { columnLength, type Frame, takeColumn } from "../../../foundation/contracts/frame.js";
import type { DriftCheck, DriftReport, DriftSettings } from "../../../foundation/contracts/monitoring.js";
import { meanDiscrepancy } from "../statistics/mean-discrepancy.js";
import { type ColumnPair, checkColumn, type RawCheck } from "./column-checks.js";
import { jointPoints } from "./joint-points.js";
import { runTest } from "./own-tests.js";

/** Rows that were judged and rows to judge: inputs, and what was predicted for them. */
export interface DriftSide {
  readonly inputs: Frame;
  /** Columns of predictions: a value, or one probability column a class. */
  readonly predictions?: Frame;
}

export interface DriftRequest {
  readonly reference: DriftSide;
  readonly current: DriftSide;
  readonly settings: DriftSettings;
  /** Of the project's own, asked beside the built-in checks. */
  readonly tests?: readonly DriftTest[];
  readonly random: Random;
}

/** More rows would find only what is too small to matter. */
const JOINT_ROWS = 2000;
const PERMUTATIONS = 199;
/** Part of the level kept for all inputs together, whose p value cannot be as small as those of single columns. */
const JOINT_SHARE = 0.2;

/**
 * Compares rows with a reference. Under no drift the chance that the report raises any alarm is at most the level,
 * for any number of rows and columns. Columns that one side lacks are left out. Equal input and seed: equal report.
 */
export function measureDrift({
  reference,
  current,
  settings,
  tests = [],
  random,
}: DriftRequest): DriftReport {
  const inputs = pairColumns(reference.inputs, current.inputs, "input");
  const predictions =
    reference.predictions && current.predictions
      ? pairColumns(reference.predictions, current.predictions, "prediction")
      : [];
  const results = [...inputs, ...predictions].map((pair) => checkColumn(pair, settings));
  const own = tests.flatMap((test) => runTest(test, [...inputs, ...predictions], random));
  const single = [...results.flatMap(({ checks }) => checks), ...own];
  const joint = settings.multivariate ? jointCheck(inputs, settings, random) : undefined;
  const checks = judge(single, joint, settings.level).sort(
    (a, b) => Number(b.alarm) - Number(a.alarm) || a.adjusted - b.adjusted || b.effect - a.effect,
  );
  const rank = new Map<string, number>();
  for (const [index, { column, role }] of checks.entries()) {
    const key = `${role}/${column}`;
    if (!rank.has(key)) rank.set(key, index);
  }
  const drifts = results.map(({ drift }) => drift);
  return {
    referenceRows: reference.inputs.rows,
    currentRows: current.inputs.rows,
    level: settings.level,
    alarm: checks.some(({ alarm }) => alarm),
    checks,
    columns: drifts.sort((a, b) => rank.get(`${a.role}/${a.column}`)! - rank.get(`${b.role}/${b.column}`)!),
  };
}

function pairColumns(reference: Frame, current: Frame, role: ColumnPair["role"]): ColumnPair[] {
  return [...reference.columns].flatMap(([name, column]) => {
    const other = current.columns.get(name);
    return other && other.kind === column.kind && reference.rows > 0 && current.rows > 0
      ? [{ name, role, reference: column, current: other }]
      : [];
  });
}

/** Holm within each part of the level; adjusted values are on the scale of the whole level. */
function judge(single: readonly RawCheck[], joint: RawCheck | undefined, level: number): DriftCheck[] {
  const part = joint ? 1 - JOINT_SHARE : 1;
  const adjusted = adjustFamilywise(single.map(({ pValue }) => pValue));
  const judged = (check: RawCheck, value: number): DriftCheck => {
    const bounded = Math.min(1, value);
    const alarm = bounded <= level && check.effect >= check.leastEffect;
    return { ...check, adjusted: bounded, alarm };
  };
  return [
    ...single.map((check, index) => judged(check, adjusted[index]! / part)),
    ...(joint ? [judged(joint, joint.pValue / JOINT_SHARE)] : []),
  ];
}

function jointCheck(
  pairs: readonly ColumnPair[],
  settings: DriftSettings,
  random: Random,
): RawCheck | undefined {
  const sampled = samplePairs(pairs, random.fork("rows"));
  const { reference, current } = jointPoints(sampled);
  if (reference.width < 2) return undefined;
  const { distance, pValue } = meanDiscrepancy(reference, current, {
    random: random.fork("joint"),
    permutations: PERMUTATIONS,
  });
  return {
    column: null,
    role: "input",
    check: "together",
    test: "kernel",
    pValue,
    effect: distance,
    leastEffect: settings.together,
    examples: [],
  };
}

function samplePairs(pairs: readonly ColumnPair[], random: Random): ColumnPair[] {
  const rowsOf = (side: "reference" | "current") => {
    const rows = pairs[0] ? columnLength(pairs[0][side]) : 0;
    return rows > JOINT_ROWS ? random.permutation(rows).subarray(0, JOINT_ROWS) : undefined;
  };
  const [left, right] = [rowsOf("reference"), rowsOf("current")];
  return pairs.map((pair) => ({
    ...pair,
    reference: left ? takeColumn(pair.reference, left) : pair.reference,
    current: right ? takeColumn(pair.current, right) : pair.current,
  }));
}
