import { type BinnedColumns, binColumns, type ColumnBins, type ColumnSource } from "./binned-columns.js";
import { allocateBoosting, readTrees, withoutTrees } from "./boosting-layout.js";
import { type FeatureTable, pointFeatures, setMonotone, writeFeatureTable } from "./feature-table.js";
import { type KernelSettings, KernelTeam } from "./kernel-team.js";
import type { Standardization } from "./linear-values.js";

/** As the kernel numbers them. */
export const OBJECTIVE_CODES = {
  binary: 0,
  multiclass: 1,
  squared: 2,
  absolute: 3,
  huber: 4,
  quantile: 5,
  poisson: 6,
  tweedie: 7,
} as const;
export type BoostingObjective = keyof typeof OBJECTIVE_CODES;

/** Rows with what is to be learnt from them. All arrays have one element a row. */
export interface BoostingRows {
  readonly rows: number;
  readonly columns: readonly ColumnSource[];
  /** Class numbers, or values. */
  readonly labels: Float32Array;
  readonly weights?: Float32Array;
}

/** Penalties and gains are in units of the loss; see the trainer's config for each. */
export interface BoostingSettings {
  readonly objective: BoostingObjective;
  /** Huber: delta. Quantile: level. Poisson: largest step. Tweedie: variance power. */
  readonly objectiveParameter: number;
  /** Scores before the first tree, one for each output. */
  readonly baseScores: readonly number[];
  /** Leaf values become this quantile of the residuals (absolute, quantile). */
  readonly renewLevel?: number;
  readonly iterations: number;
  readonly learningRate: number;
  readonly maxLeaves: number;
  /** 0 = no limit. */
  readonly maxDepth: number;
  readonly minRowsPerLeaf: number;
  readonly minChildWeight: number;
  readonly l1: number;
  readonly l2: number;
  readonly minSplitGain: number;
  readonly maxBins: number;
  readonly rowShare: number;
  readonly columnShare: number;
  readonly columnShareByNode: number;
  /** -1, 0 or 1 for each column. */
  readonly monotone: readonly number[];
  readonly categorySmoothing: number;
  readonly categoryL2: number;
  readonly maxCategoriesPerSplit: number;
  readonly oneVersusRestLimit: number;
  readonly minRowsPerCategoryGroup: number;
  /** One random threshold for each numeric feature and leaf, but all of few. */
  readonly extraTrees: boolean;
  /** Rows by which a leaf's value is drawn to that of the node above it; 0 = not at all. */
  readonly pathSmoothing: number;
  /** Penalty on the coefficients of linear leaves; absent: leaves are constants. */
  readonly linearL2?: number;
  /** Iterations without a better validation loss before the end; 0 = never. */
  readonly patience: number;
  readonly minImprovement: number;
  readonly seed: number;
}

export interface BoostingContext {
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Ends the training after the last whole iteration; what there is by then is the result. */
  readonly wrapUp?: AbortSignal;
  /** The data is binned; iterations begin. */
  binned?(): void;
  /** `loss` is NaN without validation rows. */
  report(iteration: number, loss: number): void;
}

/** Trees in the kernel's terms: features are columns, thresholds are bins. */
export interface BinnedTrees {
  readonly iterations: number;
  /** Iterations up to the best validation loss; all of them without validation. */
  readonly bestIteration: number;
  readonly validationLoss: Float64Array;
  /** Stride of the node arrays by tree; leaves have one more. */
  readonly nodesPerTree: number;
  /** Leaves of each tree, `iterations * outputs` of them, output fastest. */
  readonly treeLeaves: Int32Array;
  /** Column of each node. */
  readonly nodeColumn: Int32Array;
  readonly nodeBin: Int32Array;
  /** 1: missing values go left; 2: `nodeSets` decides. */
  readonly nodeFlags: Int32Array;
  /** Node of the same tree, or ~leaf. */
  readonly nodeLeft: Int32Array;
  readonly nodeRight: Int32Array;
  readonly nodeGain: Float64Array;
  /** 8 words of 32 bits a node: the bins that go left. */
  readonly nodeSets: Uint32Array;
  readonly leafValue: Float64Array;
  readonly leafRows: Int32Array;
  readonly linear?: BinnedLinearLeaves;
  readonly bins: readonly ColumnBins[];
}

/** Linear models of the leaves; `leafValue` holds their intercepts. */
export interface BinnedLinearLeaves {
  /** Columns, `MOST_TERMS` a leaf; -1 beyond the last. */
  readonly terms: Int32Array;
  /** By standardized value. */
  readonly coefficients: Float64Array;
  readonly standardization: Standardization;
}

/** The binned data of a job in the shared memory. */
export interface BinnedRows {
  readonly binned: BinnedColumns;
  readonly table: FeatureTable;
  /** uint8 [rows][features]. */
  readonly binsByRow: number;
  readonly validationBins: number;
}

/** Values are sorted from this many rows when bins are chosen. */
export const BINNING_SAMPLE = 200_000;
/** Below this many cells a worker the barriers cost more than the help brings. */
const CELLS_PER_WORKER = 50_000;
/** Below this an iteration is so quick that telling of each would take a tenth of the time. */
const QUICK_CELLS = 1_000_000;

/**
 * Trains boosted trees in worker threads; the calling thread stays free. The result does not depend on
 * `threads`.
 * @throws the signal's reason when aborted; QuernError OUT_OF_MEMORY when the data does not fit.
 */
export async function boostTrees(
  train: BoostingRows,
  validation: BoostingRows | undefined,
  settings: BoostingSettings,
  context: BoostingContext,
): Promise<BinnedTrees> {
  context.signal.throwIfAborted();
  const useful = Math.floor((train.rows * train.columns.length) / CELLS_PER_WORKER);
  const team = await KernelTeam.acquire("gbdt", Math.max(1, Math.min(context.threads, useful)));
  try {
    const data = await binRows(team, train, validation, settings, context.signal);
    context.binned?.();
    if (data.table.columns.length === 0) return withoutTrees(data.binned.bins);
    const layout = allocateBoosting(team, train, validation, settings, data);
    const kernelSettings = {
      ...plainSettings(settings, train),
      ...layout.addresses,
      workers: team.threads,
      rows: train.rows,
      validationRows: validation?.rows ?? 0,
      features: data.table.columns.length,
      featureTable: data.table.address,
      wideFeatures: data.table.wideFeatures,
      mediumFeatures: data.table.mediumFeatures,
      histogramBytes: data.table.histogramBytes,
      binsByRow: data.binsByRow,
      validationBins: data.validationBins,
    };
    const { stopAddress } = layout.addresses;
    await team.runUntil(context, stopAddress, "boost", kernelSettings, { report: context.report });
    return readTrees(team.memory, layout, settings, data);
  } finally {
    await team.release();
  }
}

/** Bins of all rows by row, and the training rows by column too. */
async function binRows(
  team: KernelTeam,
  train: BoostingRows,
  validation: BoostingRows | undefined,
  settings: BoostingSettings,
  signal: AbortSignal,
): Promise<BinnedRows> {
  const { memory } = team;
  const options = { maxBins: settings.maxBins, sampleRows: BINNING_SAMPLE };
  const binned = await binColumns(team, train.columns, train.rows, options, signal);
  const table = writeFeatureTable(memory, binned, train.columns);
  const features = table.columns.length;
  let validationBins = 0;
  if (validation && features > 0) {
    validationBins = memory.allocate(validation.rows * features);
    const mark = memory.mark();
    const known = await binColumns(team, validation.columns, validation.rows, options, signal, binned.bins);
    await transpose(team, table, known, validationBins);
    memory.release(mark);
  }
  const binsByRow = memory.allocate(train.rows * features);
  if (features > 0) await transpose(team, table, binned, binsByRow);
  setMonotone(memory, table, settings.monotone);
  return { binned, table, binsByRow, validationBins };
}

/** Writes the useful columns as uint8 [rows][features] to `target`; the table then refers to `source`. */
async function transpose(
  team: KernelTeam,
  table: FeatureTable,
  source: BinnedColumns,
  target: number,
): Promise<void> {
  pointFeatures(team.memory, table, source);
  await team.run("transpose", {
    workers: team.threads,
    features: table.columns.length,
    featureTable: table.address,
    transposeRows: source.rows,
    transposeTarget: target,
  });
}

/** The settings that the kernel takes as they are. */
function plainSettings(settings: BoostingSettings, train: BoostingRows): KernelSettings {
  const {
    objective,
    renewLevel,
    baseScores,
    monotone,
    maxBins: _,
    extraTrees,
    linearL2,
    ...numbers
  } = settings;
  const heaviest = train.weights?.reduce((most, weight) => Math.max(most, weight), 0) ?? 1;
  const distances: readonly BoostingObjective[] = ["squared", "absolute", "huber", "quantile"];
  return {
    ...numbers,
    objective: OBJECTIVE_CODES[objective],
    outputs: baseScores.length,
    constantHessian: distances.includes(objective) ? 1 : 0,
    renewLeaves: renewLevel === undefined ? 0 : 1,
    renewLevel: renewLevel ?? 0,
    weightScale: heaviest > 0 ? 2 ** 30 / heaviest : 1,
    monotone: monotone.some((direction) => direction !== 0) ? 1 : 0,
    extraTrees: extraTrees ? 1 : 0,
    reportEvery: train.rows * train.columns.length < QUICK_CELLS ? Math.ceil(settings.iterations / 20) : 1,
    linearLeaves: linearL2 === undefined ? 0 : 1,
    linearL2: linearL2 ?? 0,
  };
}
