// Where a boosting job keeps its arrays in the shared memory.
import type { ColumnBins } from "./binned-columns.js";
import type { BinnedRows, BinnedTrees, BoostingRows, BoostingSettings } from "./boosting.js";
import { setLinear } from "./feature-table.js";
import type { KernelMemory } from "./kernel-memory.js";
import type { KernelTeam } from "./kernel-team.js";
import { MOST_TERMS, type Standardization, standardizationOf, storeStandardized } from "./linear-values.js";

/** Rows are summed in blocks of this size, as in the kernel. */
const BLOCK_ROWS = 4096;
const CANDIDATE_BYTES = 96;
const MAILBOX_BYTES = 64;

type Address =
  | "barrierAddress"
  | "stopAddress"
  | "workspace"
  | "mailboxes"
  | "labels"
  | "weights"
  | "scores"
  | "normalizers"
  | "gradientPairs"
  | "rowIndex"
  | "rowScratch"
  | "blockSums"
  | "histograms"
  | "partialHistograms"
  | "candidates"
  | "validationLabels"
  | "validationWeights"
  | "validationScores"
  | "nodeFeature"
  | "nodeBin"
  | "nodeFlags"
  | "nodeLeft"
  | "nodeRight"
  | "nodeGain"
  | "nodeSets"
  | "leafValue"
  | "leafRows"
  | "treeLeaves"
  | "validationLoss"
  | "linearValues"
  | "linearValidation"
  | "leafTerms"
  | "leafCoefficients"
  | "outcome";

export interface BoostingLayout {
  /** With linear leaves. */
  readonly standardization?: Standardization;
  readonly addresses: Readonly<Record<Address, number>> & { readonly workspaceBytes: number };
}

/** Allocates everything but the bins and fills in labels, weights and first scores. */
export function allocateBoosting(
  team: KernelTeam,
  train: BoostingRows,
  validation: BoostingRows | undefined,
  settings: BoostingSettings,
  { table }: BinnedRows,
): BoostingLayout {
  const { memory, threads } = team;
  const { maxLeaves, iterations, baseScores } = settings;
  const outputs = baseScores.length;
  const trees = iterations * outputs;
  const nodes = trees * (maxLeaves - 1);
  const leaves = trees * maxLeaves;
  const { rows } = train;
  const blocks = Math.ceil(Math.max(rows, validation?.rows ?? 0) / BLOCK_ROWS);
  const workspaceBytes = workspaceSize(table.columns.length, maxLeaves, threads);
  const linear = settings.linearL2 === undefined ? undefined : standardizationOf(train.columns, rows);
  if (linear) setLinear(memory, table, linear.inverseScale);
  const cleared = (bytes: number) => {
    const address = memory.allocate(bytes);
    memory.uint8(address, bytes).fill(0);
    return address;
  };
  const addresses = {
    barrierAddress: cleared(128),
    stopAddress: cleared(4),
    mailboxes: cleared(threads * MAILBOX_BYTES),
    workspace: memory.allocate(threads * workspaceBytes),
    workspaceBytes,
    labels: store(memory, train.labels),
    weights: train.weights ? store(memory, train.weights) : 0,
    scores: fill(memory, baseScores, rows),
    normalizers: settings.objective === "multiclass" ? memory.allocate(rows * 4) : 0,
    gradientPairs: memory.allocate(rows * 8),
    rowIndex: memory.allocate(rows * 4),
    rowScratch: memory.allocate(rows * 4),
    blockSums: memory.allocate(blocks * 16),
    histograms: memory.allocate(maxLeaves * table.histogramBytes),
    partialHistograms: threads > 1 ? memory.allocate(threads * table.histogramBytes) : 0,
    candidates: memory.allocate(maxLeaves * threads * CANDIDATE_BYTES),
    validationLabels: validation ? store(memory, validation.labels) : 0,
    validationWeights: validation?.weights ? store(memory, validation.weights) : 0,
    validationScores: validation ? fill(memory, baseScores, validation.rows) : 0,
    nodeFeature: memory.allocate(nodes * 4),
    nodeBin: memory.allocate(nodes * 4),
    nodeFlags: memory.allocate(nodes * 4),
    nodeLeft: memory.allocate(nodes * 4),
    nodeRight: memory.allocate(nodes * 4),
    nodeGain: memory.allocate(nodes * 8),
    nodeSets: memory.allocate(nodes * 32),
    leafValue: memory.allocate(leaves * 8),
    leafRows: memory.allocate(leaves * 4),
    treeLeaves: cleared(trees * 4),
    validationLoss: cleared(iterations * 8),
    linearValues: linear ? storeStandardized(memory, table, train.columns, rows, linear) : 0,
    linearValidation:
      linear && validation
        ? storeStandardized(memory, table, validation.columns, validation.rows, linear)
        : 0,
    leafTerms: linear ? memory.allocate(leaves * MOST_TERMS * 4) : 0,
    leafCoefficients: linear ? memory.allocate(leaves * MOST_TERMS * 8) : 0,
    outcome: cleared(8),
  };
  return { addresses, ...(linear ? { standardization: linear } : {}) };
}

/** As the kernel lays out a worker's scratch, see workspace.ts. */
function workspaceSize(features: number, leaves: number, threads: number): number {
  const pools = 5248 + features * 8 + 8;
  const leafBytes = 88;
  const order = MOST_TERMS + 1;
  const linear = 16 + (order * order + 2 * order) * 8 + leaves * MOST_TERMS * 4 + threads * 4;
  return Math.ceil((pools + leaves * leafBytes + linear) / 128) * 128;
}

function store(memory: KernelMemory, values: Float32Array): number {
  const address = memory.allocate(values.byteLength);
  memory.float32(address, values.length).set(values);
  return address;
}

/** float32 [outputs][rows]. */
function fill(memory: KernelMemory, values: readonly number[], rows: number): number {
  const address = memory.allocate(values.length * rows * 4);
  for (const [k, value] of values.entries()) memory.float32(address + k * rows * 4, rows).fill(value);
  return address;
}

/** Copies the finished trees out of the shared memory. */
export function readTrees(
  memory: KernelMemory,
  { addresses, standardization }: BoostingLayout,
  settings: BoostingSettings,
  { binned, table }: BinnedRows,
): BinnedTrees {
  const [iterations = 0, bestIteration = 0] = memory.int32(addresses.outcome, 2);
  const trees = iterations * settings.baseScores.length;
  const nodesPerTree = settings.maxLeaves - 1;
  const nodes = trees * nodesPerTree;
  const leaves = trees * settings.maxLeaves;
  const columnOf = (feature: number) => table.columns[feature] ?? 0;
  const linear = standardization && {
    terms: memory.int32(addresses.leafTerms, leaves * MOST_TERMS).map((k) => (k < 0 ? -1 : columnOf(k))),
    coefficients: memory.float64(addresses.leafCoefficients, leaves * MOST_TERMS).slice(),
    standardization,
  };
  return {
    iterations,
    bestIteration,
    validationLoss: memory.float64(addresses.validationLoss, iterations).slice(),
    nodesPerTree,
    treeLeaves: memory.int32(addresses.treeLeaves, trees).slice(),
    nodeColumn: memory.int32(addresses.nodeFeature, nodes).map(columnOf),
    nodeBin: memory.int32(addresses.nodeBin, nodes).slice(),
    nodeFlags: memory.int32(addresses.nodeFlags, nodes).slice(),
    nodeLeft: memory.int32(addresses.nodeLeft, nodes).slice(),
    nodeRight: memory.int32(addresses.nodeRight, nodes).slice(),
    nodeGain: memory.float64(addresses.nodeGain, nodes).slice(),
    nodeSets: memory.uint32(addresses.nodeSets, nodes * 8).slice(),
    leafValue: memory.float64(addresses.leafValue, leaves).slice(),
    leafRows: memory.int32(addresses.leafRows, leaves).slice(),
    ...(linear ? { linear } : {}),
    bins: binned.bins,
  };
}

/** The result where no feature can be split. */
export function withoutTrees(bins: readonly ColumnBins[]): BinnedTrees {
  const none = new Int32Array();
  return {
    iterations: 0,
    bestIteration: 0,
    validationLoss: new Float64Array(),
    nodesPerTree: 0,
    treeLeaves: none,
    nodeColumn: none,
    nodeBin: none,
    nodeFlags: none,
    nodeLeft: none,
    nodeRight: none,
    nodeGain: new Float64Array(),
    nodeSets: new Uint32Array(),
    leafValue: new Float64Array(),
    leafRows: none,
    bins,
  };
}
