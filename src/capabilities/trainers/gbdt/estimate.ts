import type { WorkEstimate, WorkSpecification } from "../../../foundation/contracts/trainer.js";
import type { GbdtConfig } from "./config.js";

/** Measured on two cores: seconds for each row, feature and level of a tree, and for each split found. */
const SECONDS_PER_CELL = 7e-10;
const SECONDS_PER_SPLIT_AND_FEATURE = 2.5e-7;
const START_SECONDS = 0.05;

/** Time grows with rows * features * depth of a balanced tree; memory is two bytes a cell and 40 a row. */
export function estimateGbdt(work: WorkSpecification, config: GbdtConfig): WorkEstimate {
  const trees = config.iterations * (work.task === "multiclass" ? work.classes : 1);
  const cells = work.rows * config.rowShare * work.features * config.columnShare;
  const levels = Math.log2(config.leaves) * 0.6 + 1;
  const speedUp = 1 + 0.85 * (Math.min(work.threads, Math.max(1, cells / 50_000)) - 1);
  const scan = config.leaves * work.features * SECONDS_PER_SPLIT_AND_FEATURE;
  const seconds = START_SECONDS + (trees * (cells * levels * SECONDS_PER_CELL + scan)) / speedUp;
  const histograms = config.leaves * work.features * config.maxBins * 8;
  return { seconds, bytes: work.rows * (work.features * 6 + 40) + histograms + trees * config.leaves * 80 };
}
