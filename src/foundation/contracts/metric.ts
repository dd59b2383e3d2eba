import type { z } from "zod";
import type { Extension } from "./extension.js";
import type { Predictions, Target, TaskType } from "./target.js";

export interface MetricInput {
  readonly target: Target;
  readonly predictions: Predictions;
  readonly weights?: Float64Array;
  /** Binary: probability at and above which the positive class is predicted; default 0.5. */
  readonly threshold?: number;
}

export interface Metric<Config extends z.ZodObject = z.ZodObject> extends Extension<Config> {
  readonly title: string;
  readonly tasks: readonly TaskType[];
  readonly direction: "maximize" | "minimize";
  /** Best and worst values, where bounded. */
  readonly range?: readonly [number, number];
  readonly unit?: string;
  /** NaN where undefined (for example AUC with one class present). */
  compute(input: MetricInput, config: z.infer<Config>): number;
}

export function defineMetric<Config extends z.ZodObject>(metric: Metric<Config>): Metric<Config> {
  return Object.freeze(metric);
}
