import type { Random } from "../../foundation/base/random.js";
import type { Importance } from "../../foundation/contracts/evaluation.js";
import { createFrame, type Frame, takeColumn } from "../../foundation/contracts/frame.js";
import type { Predictions, Target } from "../../foundation/contracts/target.js";
import { type AnyMetric, orient } from "./metrics/index.js";

export interface ImportanceOptions {
  readonly metric: AnyMetric;
  /** Raw columns, as the model takes them. */
  readonly features: Frame;
  /** Which of them are shuffled; default all. */
  readonly columns?: readonly string[];
  readonly target: Target;
  readonly weights?: Float64Array;
  readonly predict: (features: Frame) => Promise<Predictions> | Predictions;
  readonly random: Random;
  /** Shuffles of each column, 2..30. */
  readonly repeats: number;
  readonly signal?: AbortSignal;
}

/** Student's t, 97.5 %, by degrees of freedom 1..29. */
const T975 = [
  ...[
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  ],
  ...[2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045],
];

/**
 * How much worse the metric gets when one column's values are dealt out anew among the rows (Breiman 2001), with
 * the interval over shuffles; most important first. Columns that say the same share their importance.
 */
export async function permutationImportance(options: ImportanceOptions): Promise<Importance[]> {
  const { metric, features, target, weights, predict } = options;
  const config = metric.config.parse({});
  const judge = (predictions: Predictions) =>
    orient(metric, metric.compute({ target, predictions, ...(weights ? { weights } : {}) }, config));
  const whole = judge(await predict(features));
  const importances: Importance[] = [];
  for (const name of options.columns ?? features.columns.keys()) {
    const drops: number[] = [];
    for (let repeat = 0; repeat < options.repeats; repeat++) {
      options.signal?.throwIfAborted();
      const order = options.random.fork(`${name}/${repeat}`).permutation(features.rows);
      drops.push(whole - judge(await predict(withShuffled(features, name, order))));
    }
    importances.push({ feature: name, ...meanWithInterval(drops) });
  }
  return importances.sort((a, b) => b.value - a.value);
}

function withShuffled(features: Frame, name: string, order: Int32Array): Frame {
  return createFrame(
    [...features.columns].map(([other, column]) => [
      other,
      other === name ? takeColumn(column, order) : column,
    ]),
    features.rows,
  );
}

function meanWithInterval(values: readonly number[]): { value: number; low?: number; high?: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { value: mean };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const reach = (T975[values.length - 2] ?? 1.96) * Math.sqrt(variance / values.length);
  return { value: mean, low: mean - reach, high: mean + reach };
}
