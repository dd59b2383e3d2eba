import type { Training } from "../training.js";
import type { BatchSource } from "./batch-source.js";

export interface LearningRateSearch {
  readonly training: Training;
  readonly batches: BatchSource;
  /** Rates are tried from here … */
  readonly from?: number;
  /** … to here, each a constant factor above the one before. */
  readonly to?: number;
  readonly steps?: number;
}

export interface LearningRateFinding {
  readonly rates: readonly number[];
  /** Smoothed; ends where it diverged. */
  readonly losses: readonly number[];
  /** A tenth of the rate at which the loss was least: still falling, far from diverging. */
  readonly suggestion: number;
}

const [SMOOTHING, DIVERGENCE] = [0.9, 4];
/** The first average is of few batches and may be least by chance. */
const SKIPPED_SHARE = 0.2;

/**
 * Raises the rate at every step until the loss diverges (Smith, 2017, "Cyclical Learning Rates", section 3.3).
 * Afterwards the training is where it was.
 */
export async function findLearningRate({
  training,
  batches,
  from = 1e-6,
  to = 1,
  steps = 100,
}: LearningRateSearch): Promise<LearningRateFinding> {
  const { step, contents } = training.state;
  const before = Object.fromEntries(Object.entries(contents).map(([name, values]) => [name, values.slice()]));
  const [rates, losses]: [number[], number[]] = [[], []];
  let [average, least] = [0, Number.POSITIVE_INFINITY];
  for (let k = 0; k < steps; k++) {
    const rate = from * (to / from) ** (k / Math.max(1, steps - 1));
    const [loss] = await training.run([rate], await batches.batch(k));
    average = SMOOTHING * average + (1 - SMOOTHING) * loss!;
    const smoothed = average / (1 - SMOOTHING ** (k + 1));
    if (!(smoothed < DIVERGENCE * least) && k > 0) break;
    if (k >= SKIPPED_SHARE * steps) least = Math.min(least, smoothed);
    rates.push(rate);
    losses.push(smoothed);
  }
  training.restore({ step, contents: before });
  return { rates, losses, suggestion: (rates[losses.indexOf(least)] ?? from) / 10 };
}
