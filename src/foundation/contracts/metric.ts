import type { z } from "zod";
import type { Extension } from "./extension.js";
import type { Predictions, Target, TaskType } from "./target.js";

/** Target, predictions and weights of the same rows, in the same order. */
export interface MetricInput {
  readonly target: Target;
  readonly predictions: Predictions;
  /** Finite and non-negative, one a row. Absent: all 1. */
  readonly weights?: Float64Array;
  /** Binary: probability at and above which the positive class is predicted; default 0.5. */
  readonly threshold?: number;
}

/** One figure for how good predictions are; checked by `conformance/metric`. */
export interface Metric<Config extends z.ZodObject = z.ZodObject> extends Extension<Config> {
  readonly title: string;
  readonly tasks: readonly TaskType[];
  readonly direction: "maximize" | "minimize";
  /** Smallest and largest possible value, where bounded. */
  readonly range?: readonly [number, number];
  /** Of the value: "nat", "%"; absent for plain shares and for the target's own unit. */
  readonly unit?: string;
  /** Pure; row order does not matter. NaN where undefined (for example AUC with one class present). */
  compute(input: MetricInput, config: z.infer<Config>): number;
}

/** The metric's value with its own defaults. */
export function computeMetric(metric: Metric, input: MetricInput): number {
  return metric.compute(input, metric.config.parse({}));
}

export function defineMetric<Config extends z.ZodObject>(metric: Metric<Config>): Metric<Config> {
  return Object.freeze(metric);
}
