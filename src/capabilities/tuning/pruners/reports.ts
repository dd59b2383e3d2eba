/** What pruners share. */
import { z } from "zod";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import { fields } from "../../../foundation/contracts/extension.js";
import type { IntermediateValue, Observation } from "../../../foundation/contracts/sampler.js";

export const startupField = (trials: number) =>
  z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(trials)
    .register(fields, { title: "Trials that complete before any is stopped", unit: "trials" });

/** The best so far; NaN where nothing but NaN was reported. */
export function bestReport(steps: readonly IntermediateValue[]): number {
  return steps.reduce((best, { value }) => (value < best || Number.isNaN(best) ? value : best), Number.NaN);
}

export function reportAt(steps: readonly IntermediateValue[], step: number): number | undefined {
  return steps.find((report) => report.step === step)?.value;
}

/** The first report at or after a step. */
export function firstReportFrom(
  steps: readonly IntermediateValue[],
  step: number,
): IntermediateValue | undefined {
  return steps.find((report) => report.step >= step);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return quantileOfSorted(sorted, share);
}

export function completed(peers: readonly Observation[]): Observation[] {
  return peers.filter(({ state }) => state === "complete");
}
