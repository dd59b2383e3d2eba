import type { Comparison, Estimate, Evaluation } from "../../foundation/contracts/evaluation.js";
import { computeMetric, type MetricInput } from "../../foundation/contracts/metric.js";
import { targetRows } from "../../foundation/contracts/target.js";
import { classReport } from "./class-report.js";
import { residualsOf } from "./curves/residuals.js";
import type { DecisionThreshold, EvaluationContext, EvaluationRequest } from "./evaluation-request.js";
import { estimateMetrics, orNull } from "./intervals/bootstrap.js";
import { compareModels } from "./intervals/compare.js";
import { type AnyMetric, reportedMetrics } from "./metrics/index.js";
import { valueInput } from "./metrics/inputs.js";
import { findSlices } from "./slices/find-slices.js";
import { trustReport } from "./trust-report.js";
import { worstErrors } from "./worst-errors.js";

const WORST_ROWS = 20;

/** Everything there is to say about predictions, as one document. Same request and seed: same bytes. */
export function evaluate(request: EvaluationRequest, context: EvaluationContext): Evaluation {
  const { target, metric } = request;
  const classes = target.task === "regression" ? [] : target.classes;
  const input = metricInput(request);
  const metrics = fittingMetrics(request, classes.length);
  const options = { ...context, random: context.random.fork("metrics") };
  const estimates = estimateMetrics(metrics, input, options);
  const { slices, tested } = slicesOf(request, input);
  return {
    formatVersion: 1,
    task: target.task,
    split: request.split,
    rows: targetRows(target),
    weighted: request.weights !== undefined,
    metric: metric.id,
    metrics: Object.fromEntries(metrics.map((one) => [one.id, describe(one, estimates.get(one.id)!)])),
    baseline: baselineFigures(request, input, metrics),
    classes: [...classes],
    threshold: target.task === "binary" ? thresholdOf(request) : null,
    ...(target.task === "regression"
      ? { ...NO_CLASSES, residuals: residualsOf(valueInput(input), context.random.fork("residuals")) }
      : { ...classReport(request, input, context), residuals: null }),
    worst: worstErrors(input, {
      count: WORST_ROWS,
      rowNumbers: request.rowNumbers,
      features: request.features,
    }),
    slices,
    slicesTested: tested,
    learningCurve: [...(request.learningCurve ?? [])],
    comparisons: comparisonsOf(request, input, context),
    importance: [...(request.importance ?? [])],
    ...trustReport(request, input, context),
  };
}

const NO_CLASSES = {
  confusion: null,
  perClass: [],
  curves: { roc: [], precisionRecall: [], gain: [], lift: [] },
  calibration: [],
  thresholds: [],
  gain: null,
} satisfies Partial<Evaluation>;

function metricInput({ target, predictions, weights, threshold }: EvaluationRequest): MetricInput {
  return {
    target,
    predictions,
    ...(weights ? { weights } : {}),
    ...(threshold ? { threshold: threshold.value } : {}),
  };
}

function thresholdOf({ threshold }: EvaluationRequest): DecisionThreshold {
  return threshold ? { ...threshold } : { value: 0.5, chosenBy: "default", split: "none" };
}

/** The decisive metric first; top-k says nothing when k reaches all classes. */
function fittingMetrics({ target, metric, metrics }: EvaluationRequest, classes: number): AnyMetric[] {
  const listed = (metrics ?? reportedMetrics(target.task)).filter((one) => {
    const k = one.id === "top-k-accuracy" ? (one.config.parse({}) as { k: number }).k : 0;
    return k < classes || k === 0;
  });
  return [metric, ...listed.filter((one) => one.id !== metric.id)];
}

function describe(metric: AnyMetric, estimate: Estimate): Evaluation["metrics"][string] {
  return { ...estimate, title: metric.title, direction: metric.direction };
}

function baselineFigures(
  { baseline }: EvaluationRequest,
  input: MetricInput,
  metrics: readonly AnyMetric[],
): Record<string, number | null> {
  if (!baseline) return {};
  // The threshold was chosen for the model's probabilities and means nothing for the baseline's.
  const { threshold: _, ...rest } = input;
  const compute = (metric: AnyMetric) => orNull(computeMetric(metric, { ...rest, predictions: baseline }));
  return Object.fromEntries(metrics.map((metric) => [metric.id, compute(metric)]));
}

function slicesOf({ features, metric, slices }: EvaluationRequest, input: MetricInput) {
  if (!features) return { slices: [], tested: 0 };
  return findSlices({ metric, input, features, given: slices ?? [] });
}

function comparisonsOf(
  { baseline, previous, metric }: EvaluationRequest,
  input: MetricInput,
  context: EvaluationContext,
): Comparison[] {
  const rivals = [
    ...(baseline ? [{ name: "baseline", predictions: baseline }] : []),
    ...(previous ? [previous] : []),
  ];
  return rivals.map((rival, index) =>
    compareModels(metric, input, rival, { ...context, random: context.random.fork(`compare/${index}`) }),
  );
}
