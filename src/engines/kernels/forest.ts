import { binColumns, type ColumnBins, type ColumnSource } from "./binned-columns.js";
import { BINNING_SAMPLE } from "./boosting.js";
import { type FeatureTable, pointFeatures, writeFeatureTable } from "./feature-table.js";
import type { KernelMemory } from "./kernel-memory.js";
import { KernelTeam } from "./kernel-team.js";

export interface ForestRows {
  readonly rows: number;
  readonly columns: readonly ColumnSource[];
  /** Class numbers, or values. */
  readonly labels: Float32Array;
  readonly weights?: Float32Array;
}

export interface ForestSettings {
  /** 0 for regression. */
  readonly classes: number;
  readonly trees: number;
  /** Each tree draws as many rows as there are, with repetition. */
  readonly bootstrap: boolean;
  /** Features that are not constant in a node and that it tries. */
  readonly featuresPerNode: number;
  /** One random split a feature instead of the best. */
  readonly randomSplits: boolean;
  readonly criterion: "gini" | "entropy";
  /** A split on categories separates one from the rest. */
  readonly oneVersusRest: boolean;
  /** 0 = no limit. */
  readonly maxDepth: number;
  readonly minRowsPerLeaf: number;
  /** A split must lower the impurity, times weight, by more than this. */
  readonly minSplitGain: number;
  readonly maxBins: number;
  readonly seed: number;
}

export interface ForestContext {
  readonly threads: number;
  readonly signal: AbortSignal;
  /** A tree is done; trees come in any order. */
  report(done: number): void;
}

/** One tree in the kernel's terms; children are nodes, or ~leaf. */
export interface GrownTree {
  /** 8 int32 a node: gain as float64, column, bin or set, flags (1 missing left, 2 set), left, right, rows. */
  readonly nodes: Int32Array;
  /** 8 words of 32 bits a set: the bins that go left. */
  readonly sets: Uint32Array;
  /** int32 rows and float32 values of each leaf, `leafValues` of them, in one array of words. */
  readonly leaves: Int32Array;
}
export interface GrownForest {
  readonly trees: readonly GrownTree[];
  readonly bins: readonly ColumnBins[];
  /** Values a leaf: 1 for regression and two classes (the second one's share), else one for each class. */
  readonly leafValues: number;
}

export const NODE_WORDS = 8;
export const NODE_COLUMN = 2;

/**
 * Grows trees in worker threads, each tree in one; the result does not depend on `threads`.
 * @throws the signal's reason when aborted; QuernError OUT_OF_MEMORY when the data does not fit.
 */
export async function growForest(
  train: ForestRows,
  settings: ForestSettings,
  context: ForestContext,
): Promise<GrownForest> {
  context.signal.throwIfAborted();
  const threads = Math.max(1, Math.min(context.threads, settings.trees));
  const team = await KernelTeam.acquire("forest", threads);
  try {
    const { memory } = team;
    const binning = { maxBins: settings.maxBins, sampleRows: BINNING_SAMPLE };
    const binned = await binColumns(team, train.columns, train.rows, binning, context.signal);
    const table = writeFeatureTable(memory, binned, train.columns);
    pointFeatures(memory, table, binned);
    const stopAddress = memory.allocate(4);
    memory.int32(stopAddress, 1)[0] = 0;
    const job = jobSettings(memory, train, settings, table, threads, stopAddress);
    const parts = Array.from({ length: settings.trees }, (): Uint8Array[] => []);
    let done = 0;
    await team.runUntil(context, stopAddress, "growForest", job, {
      publish: (tree, part, bytes) => {
        parts[tree]![part] = bytes;
      },
      report: () => context.report(++done),
    });
    const trees = parts.map(([nodes, sets, leaves]) => readTree(nodes!, sets!, leaves!, table));
    return { trees, bins: binned.bins, leafValues: settings.classes > 2 ? settings.classes : 1 };
  } finally {
    await team.release();
  }
}

function jobSettings(
  memory: KernelMemory,
  train: ForestRows,
  settings: ForestSettings,
  table: FeatureTable,
  threads: number,
  stopAddress: number,
) {
  const features = table.columns.length;
  // Every split leaves at least `minRowsPerLeaf` rows on both sides.
  const nodeCapacity = Math.max(1, Math.floor(train.rows / settings.minRowsPerLeaf));
  const workspaceBytes = privateBytes(train.rows, features, settings.classes, nodeCapacity);
  return {
    workers: threads,
    stopAddress,
    rows: train.rows,
    features,
    featureTable: table.address,
    labels: copyIn(memory, train.labels),
    weights: train.weights ? copyIn(memory, train.weights) : 0,
    workspaceBytes,
    workspace: memory.allocate(threads * workspaceBytes),
    classes: settings.classes,
    trees: settings.trees,
    bootstrap: settings.bootstrap ? 1 : 0,
    featuresPerNode: settings.featuresPerNode,
    randomSplits: settings.randomSplits ? 1 : 0,
    criterion: settings.criterion === "gini" ? 0 : 1,
    oneVersusRest: settings.oneVersusRest ? 1 : 0,
    entropyTable: settings.criterion === "entropy" && !train.weights ? entropyTable(memory, train.rows) : 0,
    maxDepth: settings.maxDepth,
    minRowsPerLeaf: settings.minRowsPerLeaf,
    minSplitGain: settings.minSplitGain,
    nodeCapacity,
    seed: settings.seed,
  };
}

/** As the kernel lays out a worker's memory, see forest-memory.ts. */
function privateBytes(rows: number, features: number, classes: number, nodeCapacity: number): number {
  const channels = classes > 0 ? classes : 2;
  const leafBytes = 4 + 4 * (classes > 2 ? classes : 1);
  const perRow = 2 * (4 + 8) + 1;
  const groups = 2 * 260 * (8 + 8 * channels) + 16 * channels;
  const fixed = 260 * 8 + 256 + 64 * 24 + features * 4;
  const output = nodeCapacity * (32 + 32) + (nodeCapacity + 1) * leafBytes;
  const padding = 16 * 16;
  return Math.ceil(((rows + 16) * perRow + groups + fixed + output + padding) / 128) * 128;
}

/** k * log(k) for the weights that a node can have: whole numbers up to the rows drawn. */
function entropyTable(memory: KernelMemory, rows: number): number {
  const address = memory.allocate((rows + 1) * 8);
  const table = memory.float64(address, rows + 1);
  for (let k = 1; k <= rows; k++) table[k] = k * Math.log(k);
  table[0] = 0;
  return address;
}

function copyIn(memory: KernelMemory, values: Float32Array): number {
  const address = memory.allocate(values.byteLength);
  memory.float32(address, values.length).set(values);
  return address;
}

/** Features become columns. */
function readTree(
  nodeBytes: Uint8Array,
  setBytes: Uint8Array,
  leafBytes: Uint8Array,
  table: FeatureTable,
): GrownTree {
  const words = (bytes: Uint8Array) => new Int32Array(bytes.buffer, 0, bytes.length / 4);
  const nodes = words(nodeBytes);
  for (let at = NODE_COLUMN; at < nodes.length; at += NODE_WORDS) nodes[at] = table.columns[nodes[at]!]!;
  return { nodes, sets: new Uint32Array(setBytes.buffer, 0, setBytes.length / 4), leaves: words(leafBytes) };
}
