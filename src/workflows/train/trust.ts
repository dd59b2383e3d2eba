import { findNearDuplicates } from "../../capabilities/data/findings/near/find-near-duplicates.js";
import { calibrate } from "../../capabilities/evaluation/conformal/calibrate.js";
import type { EvaluationRequest } from "../../capabilities/evaluation/evaluation-request.js";
import { applyCalibration } from "../../capabilities/trainers/calibration/index.js";
import type { Conformal } from "../../foundation/contracts/conformal.js";
import { type Frame, selectColumns, takeRows } from "../../foundation/contracts/frame.js";
import { type Predictions, type Target, takeTarget } from "../../foundation/contracts/target.js";
import type { Learned } from "../learn/learn.js";
import { heldOutRows } from "../learn/material.js";
import type { OpenedRows } from "./evaluate-opened.js";
import type { GatheredMaterial } from "./inner-folds.js";
import type { Production } from "./production.js";

/** What an evaluation needs beside the predictions to say how far they can be trusted. */
export type TrustRequest = Pick<
  EvaluationRequest,
  "learning" | "fairness" | "nearDuplicates" | "twins" | "conformal"
>;

/** Intervals and sets promise to cover so many of the answers. */
const COVERAGE = 0.9;
/** Comparing every row with others takes seconds from here on. */
const MOST_ROWS = 50_000;
/** Pairs of nearly equal rows that the evaluation keeps. */
const SHOWN_PAIRS = 20;

/** What the inner folds said of the learning rows, each by models that had not seen it. */
export interface HeldOut {
  /** Of the learning material. */
  readonly rows: Int32Array;
  readonly target: Target;
  readonly predictions: Predictions;
}

export function heldOutPredictions({ model, heldOut }: Learned, { material }: GatheredMaterial): HeldOut {
  const rows = heldOutRows(material);
  const predictions = applyCalibration(heldOut, model.calibration);
  return { rows, target: takeTarget(material.target, rows), predictions };
}

export function calibrateCoverage({ target, predictions }: HeldOut): Conformal {
  return calibrate({ target, predictions, calibratedOn: "out-of-fold" }, COVERAGE);
}

/**
 * Held-out predictions of the learning rows for label errors and coverage; equal and nearly equal rows; groups. Rows
 * that were judged out of fold are the learning rows themselves: then there are none to compare them with.
 */
export function trustRequest(
  { prepared, project }: Production,
  held: HeldOut,
  { material, rows }: GatheredMaterial,
  opened: OpenedRows,
  target: Target,
): TrustRequest {
  const numbers = Int32Array.from(held.rows, (row) => rows[row]!);
  const apart = opened.name === "test";
  const learning = {
    target: held.target,
    predictions: held.predictions,
    rowNumbers: numbers,
    ...(apart && prepared.frame.rows <= MOST_ROWS ? { features: takeRows(material.frame, held.rows) } : {}),
  };
  const fairness = fairnessColumns(prepared.frame, project.evaluation.fairness, opened.rows);
  const near =
    apart && prepared.frame.rows <= MOST_ROWS ? nearRows(prepared.features, target, rows, opened.rows) : {};
  return {
    learning,
    ...(fairness ? { fairness } : {}),
    ...near,
    ...(apart ? { conformal: [calibrateCoverage(held)] } : {}),
  };
}

function nearRows(
  features: Frame,
  target: Target,
  learning: Int32Array,
  test: Int32Array,
): Pick<TrustRequest, "nearDuplicates" | "twins"> {
  const { document, twins } = findNearDuplicates({ features, target, learning, test, most: SHOWN_PAIRS });
  return { nearDuplicates: document, twins };
}

/** Groups may be told by columns that no model learns from. */
function fairnessColumns(frame: Frame, names: readonly string[], rows: Int32Array): Frame | undefined {
  const present = names.filter((name) => frame.columns.has(name));
  return present.length === 0 ? undefined : takeRows(selectColumns(frame, present), rows);
}
