// What each objective asks of the labels, where its scores start, and how scores become predictions.
import type { BoostingObjective } from "../../../engines/kernels/boosting.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { weightedMean } from "../../../foundation/base/statistics.js";
import type { Target } from "../../../foundation/contracts/target.js";
import type { LabelledFrame } from "../../../foundation/contracts/trainer.js";
import type { GbdtConfig } from "./config.js";

/** From scores to predictions. */
export type Link = "sigmoid" | "softmax" | "identity" | "exp";

/** A target in the form the kernel trains on: label = (value - center) / scale. */
export interface PreparedTarget {
  readonly objective: BoostingObjective;
  readonly parameter: number;
  readonly link: Link;
  readonly labels: Float32Array;
  /** First scores, one for each output, in the labels' units. */
  readonly baseScores: readonly number[];
  readonly renewLevel?: number;
  readonly center: number;
  /** A power of two, so that scaling changes no bit of the result but keeps float32 from overflowing. */
  readonly scale: number;
}

/** The largest step of a Poisson tree's leaf; keeps the hessian safe (LightGBM's poisson_max_delta_step). */
const POISSON_STEP = 0.7;
/** Keeps the first score finite where a class or an event never occurs. */
const LEAST_SHARE = 1e-7;

/** @throws QuernError CONFIG_INVALID for an objective that the task cannot have; TARGET_UNUSABLE for its values. */
export function prepareTarget(
  train: LabelledFrame,
  weights: Float64Array | undefined,
  config: GbdtConfig,
): PreparedTarget {
  const { target } = train;
  const objective = resolveObjective(target, config.objective);
  if (target.task !== "regression")
    return prepareClasses(target.codes, target.classes.length, weights, objective);
  if (objective === "poisson" || objective === "tweedie") {
    return prepareCounts(target.values, weights, objective, config);
  }
  return prepareDistances(target.values, weights, objective, config);
}

function resolveObjective(target: Target, objective: GbdtConfig["objective"]): BoostingObjective {
  const fitting: readonly BoostingObjective[] =
    target.task === "regression"
      ? ["squared", "absolute", "huber", "quantile", "poisson", "tweedie"]
      : [target.task];
  if (objective === "auto") return fitting[0]!;
  if (fitting.includes(objective)) return objective;
  throw new QuernError(
    "CONFIG_INVALID",
    `The objective ${objective} does not fit a ${target.task} task; use auto or one of ${fitting.join(", ")}.`,
    { details: { key: "objective", value: objective, task: target.task } },
  );
}

function prepareClasses(
  codes: Int32Array,
  classes: number,
  weights: Float64Array | undefined,
  objective: BoostingObjective,
): PreparedTarget {
  const shares = new Float64Array(classes);
  let total = 0;
  for (const [row, code] of codes.entries()) {
    const weight = weights?.[row] ?? 1;
    shares[code] = shares[code]! + weight;
    total += weight;
  }
  const share = (k: number) => Math.min(Math.max(shares[k]! / total, LEAST_SHARE), 1 - LEAST_SHARE);
  const binary = objective === "binary";
  return {
    objective,
    parameter: 0,
    link: binary ? "sigmoid" : "softmax",
    labels: Float32Array.from(codes),
    baseScores: binary
      ? [Math.log(share(1) / (1 - share(1)))]
      : Array.from({ length: classes }, (_, k) => Math.log(share(k))),
    center: 0,
    scale: 1,
  };
}

function prepareCounts(
  values: Float64Array,
  weights: Float64Array | undefined,
  objective: BoostingObjective,
  config: GbdtConfig,
): PreparedTarget {
  const mean = weightedMean(values.length, weights, (row) => values[row]!);
  const negative = values.findIndex((value) => value < 0);
  if (negative >= 0 || !(mean > 0)) {
    const where = negative >= 0 ? `row ${negative} holds ${values[negative]}` : "every value is 0";
    throw new QuernError(
      "TARGET_UNUSABLE",
      `The objective ${objective} needs non-negative targets; ${where}.`,
      {
        details: { objective },
        hint: "Use the objective squared, or correct the target.",
      },
    );
  }
  return {
    objective,
    parameter: objective === "poisson" ? POISSON_STEP : config.tweediePower,
    link: "exp",
    labels: Float32Array.from(values),
    baseScores: [Math.log(mean)],
    center: 0,
    scale: 1,
  };
}

function prepareDistances(
  values: Float64Array,
  weights: Float64Array | undefined,
  objective: BoostingObjective,
  config: GbdtConfig,
): PreparedTarget {
  const level = objective === "quantile" ? config.quantile : 0.5;
  const center =
    objective === "squared"
      ? weightedMean(values.length, weights, (row) => values[row]!)
      : weightedQuantile(values, weights, level);
  const scale = powerOfTwoAbove(values.reduce((most, value) => Math.max(most, Math.abs(value - center)), 0));
  const renewed = objective === "absolute" || objective === "quantile";
  return {
    objective,
    parameter: objective === "huber" ? config.huberDelta / scale : level,
    link: "identity",
    labels: Float32Array.from(values, (value) => (value - center) / scale),
    baseScores: [0],
    center,
    scale,
    ...(renewed ? { renewLevel: level } : {}),
  };
}

/** Labels of other rows in the same units. */
export function labelsLike(target: Target, { center, scale }: PreparedTarget): Float32Array {
  if (target.task !== "regression") return Float32Array.from(target.codes);
  return Float32Array.from(target.values, (value) => (value - center) / scale);
}

function powerOfTwoAbove(size: number): number {
  return size > 0 && Number.isFinite(size) ? 2 ** Math.ceil(Math.log2(size)) : 1;
}

function weightedQuantile(values: Float64Array, weights: Float64Array | undefined, level: number): number {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  let total = 0;
  for (const row of order) total += weights?.[row] ?? 1;
  let sum = 0;
  for (const row of order) {
    sum += weights?.[row] ?? 1;
    if (sum >= level * total) return values[row]!;
  }
  return values[order.at(-1)!]!;
}
