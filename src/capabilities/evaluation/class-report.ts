import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import type { MetricInput } from "../../foundation/contracts/metric.js";
import { classCalibration, topCalibration } from "./curves/calibration.js";
import { type RankingCurves, rankingCurves, rocBand } from "./curves/ranking-curves.js";
import { bestDecisions, type GainTable, thresholdTable } from "./curves/thresholds.js";
import type { EvaluationContext, EvaluationRequest } from "./evaluation-request.js";
import { estimateMetrics, orNull } from "./intervals/bootstrap.js";
import { type ConfusionMatrix, confusionMatrix, hits } from "./metrics/confusion-matrix.js";
import { gainMetric } from "./metrics/gain.js";
import { type ClassInput, classInput, ratio } from "./metrics/inputs.js";

/** Classes for which curves are kept; the commonest of more. */
const MOST_CURVES = 6;

type ClassReport = Pick<
  Evaluation,
  "confusion" | "perClass" | "curves" | "calibration" | "thresholds" | "gain"
>;

/** The parts of an evaluation that only classes have. */
export function classReport(
  request: EvaluationRequest,
  metricInput: MetricInput,
  context: EvaluationContext,
): ClassReport {
  const input = classInput(metricInput);
  const names = request.target.task === "regression" ? [] : request.target.classes;
  const matrix = confusionMatrix(input);
  const binary = input.classCount === 2;
  const curves = names.map((name, k) => (binary && k === 0 ? undefined : rankingCurves(input, k, name)));
  const shown = commonest(matrix, binary ? [1] : names.map((_, k) => k));
  const shownCurves = shown.flatMap((k) => curves[k] ?? []);
  const band = binary ? rocBand(metricInput, context.random.fork("roc")) : undefined;
  return {
    confusion: { classes: [...names], counts: rowsOf(matrix) },
    perClass: names.map((name, k) => classFigures(matrix, input, k, name, curves[k])),
    curves: {
      roc: shownCurves.map(({ roc }) => (band ? { ...roc, band } : roc)),
      precisionRecall: shownCurves.map((one) => one.precisionRecall),
      gain: shownCurves.map((one) => one.gain),
      lift: shownCurves.map((one) => one.lift),
    },
    calibration: binary
      ? [classCalibration(input, 1, names[1]!)]
      : [topCalibration(input), ...shown.map((k) => classCalibration(input, k, names[k]!))],
    thresholds: binary
      ? thresholdTable(metricInput, request.threshold ? [request.threshold.value] : [], request.gain)
      : [],
    gain: request.gain ? gainReport(request.gain, metricInput, matrix, context) : null,
  };
}

function commonest(matrix: ConfusionMatrix, classes: readonly number[]): number[] {
  const ranked = [...classes].sort((a, b) => matrix.actual[b]! - matrix.actual[a]!);
  return ranked.slice(0, MOST_CURVES).sort((a, b) => a - b);
}

function rowsOf(matrix: ConfusionMatrix): number[][] {
  const { classCount, counts } = matrix;
  return Array.from({ length: classCount }, (_, actual) =>
    Array.from(counts.subarray(actual * classCount, (actual + 1) * classCount)),
  );
}

function classFigures(
  matrix: ConfusionMatrix,
  input: ClassInput,
  k: number,
  name: string,
  curves: RankingCurves | undefined,
): Evaluation["perClass"][number] {
  const right = hits(matrix, k);
  return {
    class: name,
    rows: input.codes.reduce((count, code) => count + (code === k ? 1 : 0), 0),
    precision: orNull(right / matrix.decided[k]!),
    recall: orNull(right / matrix.actual[k]!),
    f1: orNull(ratio(2 * right, matrix.decided[k]! + matrix.actual[k]!, Number.NaN)),
    auc: curves?.roc.value ?? null,
    averagePrecision: curves?.precisionRecall.value ?? null,
  };
}

function gainReport(
  table: GainTable,
  input: MetricInput,
  matrix: ConfusionMatrix,
  context: EvaluationContext,
): Evaluation["gain"] {
  const metric = gainMetric(table);
  const { threshold: _, ...usual } = input;
  const judged = input.target.task === "multiclass" ? withDecisions(input, table) : input;
  const perRow = estimateMetrics([metric], judged, { ...context, random: context.random.fork("gain") });
  const always = table.map((_, decided) =>
    Array.from(matrix.actual).reduce((sum, rows, actual) => sum + rows * table[actual]![decided]!, 0),
  );
  return {
    table: table.map((row) => [...row]),
    perRow: perRow.get(metric.id)!,
    atDefault: orNull(metric.compute(usual, {})),
    withoutModel: orNull(Math.max(...always) / matrix.total),
  };
}

/** Several classes: probabilities replaced by the decisions that gain most, so that any metric judges those. */
function withDecisions(input: MetricInput, table: GainTable): MetricInput {
  const decided = bestDecisions(input.predictions.values, table);
  const values = new Float64Array(input.predictions.values.length);
  for (const [row, k] of decided.entries()) values[row * table.length + k] = 1;
  return { ...input, predictions: { kind: "probabilities", values, classes: table.length } };
}
