/** What a model and its smaller form are asked, and how the answers are judged. */
import { BUNDLE_FILES, type BundleOutputs, type Manifest } from "../../foundation/contracts/bundle.js";
import { parseSample } from "../../foundation/contracts/bundle-check.js";
import type { BundlePredictor } from "../../foundation/contracts/bundle-predictor.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";
import { computeMetric, type Metric } from "../../foundation/contracts/metric.js";
import type { Prediction } from "../../foundation/contracts/prediction.js";
import type { WorkflowContext } from "../context.js";
import { readTarget, takeKnown } from "./evaluate-model.js";
import { answerable, openRows, readInputs } from "./reading.js";

export interface Judge {
  /** Id of the metric, or `agreement`. */
  readonly measure: string;
  readonly greaterIsBetter: boolean;
  readonly rows: number;
  /** Where the rows come from; null: the bundle's own sample requests. */
  readonly source: string | null;
  /** Has the model answer a few rows, which stand for those it will meet. */
  answerFew(predictor: BundlePredictor): Promise<unknown>;
  /** How good the model's answers are, by the measure. */
  score(predictor: BundlePredictor): Promise<number>;
  /** How much worse the measure may become, in its own unit. */
  limit(allowedLoss: number, before: number): number;
}

/** As many as calibration commonly takes; speed is measured on the same. */
const FEW_ROWS = 256;

/**
 * By the decisive metric on rows with known answers.
 * @throws QuernError DATA_NOT_FOUND, DATA_COLUMN_UNKNOWN, TARGET_UNUSABLE, PREDICTION_INPUT
 */
export async function labelledJudge(
  source: string,
  manifest: Manifest,
  decisive: Metric,
  context: WorkflowContext,
): Promise<Judge> {
  const data = await openRows(source, {}, context);
  try {
    const known = await readTarget(data.table, manifest);
    const inputs = await readInputs(data, manifest);
    const rows = answerable(inputs, known.rows);
    const target = takeKnown(known, rows);
    const features = takeRows(inputs.frame, rows);
    const isBounded = Number.isFinite(decisive.range?.[1]);
    return {
      measure: decisive.id,
      greaterIsBetter: decisive.direction === "maximize",
      rows: features.rows,
      source: data.description,
      answerFew: (predictor) => predictor.predictFrame(evenly(features, FEW_ROWS)),
      score: async (predictor) =>
        computeMetric(decisive, { target, predictions: await predictor.predictFrame(features) }),
      limit: (allowedLoss, before) => (isBounded ? allowedLoss : allowedLoss * Math.abs(before)),
    };
  } finally {
    await data.close();
  }
}

function evenly(frame: Frame, count: number): Frame {
  if (frame.rows <= count) return frame;
  return takeRows(
    frame,
    Int32Array.from({ length: count }, (_, k) => Math.floor((k * frame.rows) / count)),
  );
}

/** By how far answers to the bundle's sample requests agree with those of the original. */
export async function sampleJudge(
  { manifest, files }: { readonly manifest: Manifest; readonly files: ReadonlyMap<string, Uint8Array> },
  original: BundlePredictor,
): Promise<Judge> {
  const { requests } = parseSample(files.get(BUNDLE_FILES.sample)!);
  const expected = numbersOf(await original.predict(requests), manifest.outputs);
  return {
    measure: "agreement",
    greaterIsBetter: true,
    rows: requests.length,
    source: null,
    answerFew: (predictor) => predictor.predict(requests),
    score: async (predictor) =>
      agreement(numbersOf(await predictor.predict(requests), manifest.outputs), expected, manifest.outputs),
    limit: (allowedLoss) => allowedLoss,
  };
}

/** Probabilities row by row, or the values. */
function numbersOf(predictions: readonly Prediction[], outputs: BundleOutputs): Float64Array {
  const classes = outputs.kind === "classes" ? outputs.classes : [];
  return Float64Array.from(
    predictions.flatMap((answer) =>
      "prediction" in answer
        ? [answer.prediction]
        : classes.map((name) => ("probabilities" in answer ? answer.probabilities[name]! : Number.NaN)),
    ),
  );
}

/**
 * 1 = the same answers. Classes: 1 less the mean total variation distance of a row's probabilities, 0..1. Values: 1 less the
 * root of the mean squared difference by the standard deviation of the original's answers, at most 1.
 */
function agreement(found: Float64Array, expected: Float64Array, outputs: BundleOutputs): number {
  const differences = found.map((value, index) => Math.abs(value - expected[index]!));
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  if (outputs.kind === "classes")
    return 1 - sum(differences) / 2 / (expected.length / outputs.classes.length);
  const error = sum(differences.map((difference) => difference ** 2));
  const mean = sum(expected) / expected.length;
  return error === 0 ? 1 : 1 - Math.sqrt(error / sum(expected.map((value) => (value - mean) ** 2)));
}
