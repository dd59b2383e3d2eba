import { createInstance } from "./kernel-instance.js";
import { KernelMemory } from "./kernel-memory.js";

/** Trees in the form that scoring wants; a child or root below 0 is ~leaf. */
export interface ScorableTrees {
  readonly outputs: number;
  readonly roots: Int32Array;
  /** The output of each tree; absent: every leaf has `outputs` values. */
  readonly treeOutputs?: Int32Array;
  readonly nodeFeature: Int32Array;
  readonly nodeThreshold: Float32Array;
  /** 1: missing values go left; 2: the node has a set. */
  readonly nodeFlags: Uint8Array;
  readonly nodeLeft: Int32Array;
  readonly nodeRight: Int32Array;
  /** First word of a node's set of codes. */
  readonly nodeSet: Int32Array;
  readonly sets: Uint32Array;
  readonly categories: Int32Array;
  readonly leafValues: Float32Array;
  readonly linear?: ScorableTerms;
}

/** What linear leaves add to their values: the terms of leaf l are start[l] .. start[l + 1] - 1. */
export interface ScorableTerms {
  readonly start: Int32Array;
  readonly variable: Int32Array;
  readonly coefficient: Float32Array;
  readonly variables: number;
  /** Writes float32 [count][variables] from the features of as many rows, float32 [count][width]. */
  readVariables(target: Float32Array, block: Float32Array, count: number): void;
}

/** Writes features of rows start..start + count into `block`, float32 row-major. */
export type BlockReader = (block: Float32Array, start: number, count: number) => void;

interface Scorer {
  readonly memory: KernelMemory;
  readonly exports: Readonly<Record<string, WebAssembly.Global>> & { scoreBlock(count: number): void };
}

/** Rows at a time: the block and a tree stay in the cache. */
const BLOCK_ROWS = 256;
/** A scorer whose memory has grown beyond this is not kept. */
const KEPT_BYTES = 64 * 2 ** 20;

let idle: Scorer | undefined;

function takeScorer(): Scorer {
  const scorer = idle ?? createScorer();
  idle = undefined;
  scorer.memory.reset();
  return scorer;
}

function createScorer(): Scorer {
  const memory = new KernelMemory();
  return { memory, exports: createInstance("trees", memory) };
}

/** Sums of leaf values: float64 [rows][outputs]. Runs on the calling thread. */
export function scoreTrees(
  trees: ScorableTrees,
  rows: number,
  width: number,
  read: BlockReader,
): Float64Array {
  const scorer = takeScorer();
  const { memory, exports } = scorer;
  const result = new Float64Array(rows * trees.outputs);
  const blockLength = (BLOCK_ROWS + 3) * Math.max(width, 1);
  const addresses = {
    nodes: copyNodes(memory, trees),
    roots: copyIntegers(memory, trees.roots),
    treeOutputs: trees.treeOutputs ? copyIntegers(memory, trees.treeOutputs) : 0,
    sets: copyIntegers(memory, trees.sets),
    categories: copyIntegers(memory, trees.categories),
    leafValues: memory.allocate(trees.leafValues.byteLength),
    block: memory.allocate(blockLength * 4),
    scores: memory.allocate(BLOCK_ROWS * trees.outputs * 8),
  };
  memory.float32(addresses.leafValues, trees.leafValues.length).set(trees.leafValues);
  const hasSets = trees.sets.length > 0 ? 1 : 0;
  const terms = copyTerms(memory, trees.linear);
  const settings = {
    ...addresses,
    ...terms,
    trees: trees.roots.length,
    outputs: trees.outputs,
    width,
    features: width,
    hasSets,
  };
  for (const [name, value] of Object.entries(settings)) exports[name]!.value = value;
  const block = memory.float32(addresses.block, blockLength);
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows - start);
    const scores = memory.float64(addresses.scores, count * trees.outputs).fill(0);
    read(block, start, count);
    if (trees.linear) {
      const target = memory.float32(terms.variableBlock, count * terms.variables);
      trees.linear.readVariables(target, block, count);
    }
    exports.scoreBlock(count);
    result.set(scores, start * trees.outputs);
  }
  if (memory.bytes <= KEPT_BYTES) idle = scorer;
  return result;
}

function copyTerms(memory: KernelMemory, linear: ScorableTerms | undefined) {
  if (!linear) return { termStart: 0, termVariable: 0, termCoefficient: 0, variableBlock: 0, variables: 0 };
  const { coefficient, variables } = linear;
  const termCoefficient = memory.allocate(coefficient.byteLength);
  memory.float32(termCoefficient, coefficient.length).set(coefficient);
  return {
    termStart: copyIntegers(memory, linear.start),
    termVariable: copyIntegers(memory, linear.variable),
    termCoefficient,
    variableBlock: memory.allocate(BLOCK_ROWS * variables * 4),
    variables,
  };
}

function copyIntegers(memory: KernelMemory, values: Int32Array | Uint32Array): number {
  const address = memory.allocate(values.byteLength);
  memory.int32(address, values.length).set(values);
  return address;
}

/** One cache line holds four nodes. */
function copyNodes(memory: KernelMemory, trees: ScorableTrees): number {
  const count = Math.max(trees.nodeFeature.length, 1);
  const address = memory.allocate(count * 16);
  const words = memory.int32(address, count * 4).fill(0);
  const floats = memory.float32(address, count * 4);
  for (let node = 0, at = 0; node < trees.nodeFeature.length; node++, at += 4) {
    words[at] = trees.nodeFeature[node]! | (trees.nodeFlags[node]! << 28);
    if (trees.nodeFlags[node]! >= 2) words[at + 1] = trees.nodeSet[node]!;
    else floats[at + 1] = trees.nodeThreshold[node]!;
    words[at + 2] = trees.nodeLeft[node]!;
    words[at + 3] = trees.nodeRight[node]!;
  }
  return address;
}
