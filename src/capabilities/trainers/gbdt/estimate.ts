import type { WorkEstimate, WorkSpecification } from "../../../foundation/contracts/trainer.js";
import type { GbdtConfig } from "./config.js";

// Measured on one core by bench/estimates: what a tree takes for each row, feature and level, for each split and
// feature (histograms cleared and subtracted, thresholds searched), and for each split.
const SECONDS_PER_CELL = 6e-10;
const SECONDS_PER_SPLIT_AND_FEATURE = 6e-7;
const SECONDS_PER_SPLIT = 3e-6;
const SECONDS_PER_ROW_AND_TERM = 6e-9;
const START_SECONDS = 0.01;
/** A worker with its compiled kernels. */
const START_BYTES = 16 * 2 ** 20;
/** Early stopping comes after about this many iterations times the learning rate, and its patience. */
const STOPPING_RATE = 8;

/**
 * Time grows with rows * features * depth of a balanced tree and with splits * features. With validation rows and
 * early stopping the iterations are a guess.
 */
export function estimateGbdt(work: WorkSpecification, config: GbdtConfig): WorkEstimate {
  const outputs = work.task === "multiclass" ? work.classes : 1;
  const rows = work.rows * config.rowShare;
  const features = work.features * config.columnShare;
  const leaves = Math.max(1, Math.min(config.leaves, rows / (1.6 * config.minRowsPerLeaf)));
  const stopsEarly = config.earlyStopping > 0 && (work.validationRows ?? 0) > 0;
  const trees = outputs * (stopsEarly ? stoppingIteration(config) : config.iterations);
  const levels = Math.log2(leaves) * 0.6 + 1;
  const searched = features * (0.5 + 0.7 * config.columnShareByNode);
  const linear = config.linearLeaves ? rows * Math.min(8, levels + 1) ** 2 * SECONDS_PER_ROW_AND_TERM : 0;
  const sums = rows * features * levels * SECONDS_PER_CELL + linear;
  const splits = leaves * (SECONDS_PER_SPLIT + searched * SECONDS_PER_SPLIT_AND_FEATURE);
  const useful = Math.max(1, Math.min(work.threads, (work.rows * work.features) / 50_000));
  const seconds = START_SECONDS + (trees * (sums + splits)) / (1 + 0.85 * (useful - 1));
  return { seconds, bytes: bytesOf(work, config, outputs, stopsEarly) };
}

function stoppingIteration(config: GbdtConfig): number {
  const limit = Math.max(config.iterations, config.iterationLimit);
  return Math.min(limit, STOPPING_RATE / config.learningRate + config.earlyStopping);
}

/** Bins by row and by column, a group of columns being binned, gradients and scores, histograms and trees. */
function bytesOf(work: WorkSpecification, config: GbdtConfig, outputs: number, stopsEarly: boolean): number {
  const cells = work.rows * work.features;
  const iterations = stopsEarly ? stoppingIteration(config) : config.iterations;
  const binning = Math.max(Math.min(cells * 4, 2 ** 25), config.leaves * work.features * 2048);
  const perRow = 40 + 8 * outputs;
  return (
    START_BYTES +
    cells * (config.linearLeaves ? 6 : 2) +
    (work.validationRows ?? 0) * (work.features + 8 * outputs) +
    work.rows * perRow +
    binning +
    iterations * outputs * config.leaves * 150
  );
}
