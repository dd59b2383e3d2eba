import type { CrossValidation } from "../../../foundation/contracts/trust.js";
import { orNull } from "./bootstrap.js";
import { correctedMean } from "./paired-tests.js";

export interface FoldValues {
  readonly metric: string;
  readonly direction: "maximize" | "minimize";
  /** `values[repeat][fold]`; NaN where undefined. As many folds in each repetition. */
  readonly values: readonly (readonly number[])[];
  /** Nested: mean value by which each fold's choice was made, on rows that the choice saw. */
  readonly inner?: number;
}

/** What folds say about a metric: its mean, how sure it is, and how much hangs on the division. */
export function summariseFolds({ metric, direction, values, inner }: FoldValues): CrossValidation {
  const folds = values[0]?.length ?? 0;
  const all = Float64Array.from(values.flat().filter((value) => !Number.isNaN(value)));
  const { mean, low, high } = correctedMean(all, folds > 1 ? 1 / (folds - 1) : Number.NaN);
  const repeatMeans = values.map((one) => one.reduce((sum, value) => sum + value, 0) / one.length);
  const sign = direction === "maximize" ? 1 : -1;
  return {
    metric,
    folds,
    repeats: values.length,
    values: values.map((one) => one.map(orNull)),
    mean: orNull(mean),
    low: orNull(low),
    high: orNull(high),
    foldDeviation: orNull(deviation(Array.from(all))),
    repeatDeviation: orNull(deviation(repeatMeans)),
    nested: inner === undefined ? null : { inner: orNull(inner), optimism: orNull(sign * (inner - mean)) },
  };
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
