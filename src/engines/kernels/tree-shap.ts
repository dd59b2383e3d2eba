import { gaussLegendre } from "../../foundation/base/quadrature.js";
import { createInstance } from "./kernel-instance.js";
import { KernelMemory } from "./kernel-memory.js";
import { type ExplainableTrees, layOutTree, type TreeLayout } from "./tree-layout.js";
import type { BlockReader } from "./tree-scorer.js";

export type { ExplainableTrees } from "./tree-layout.js";

/** Shapley values of the sums of leaf values of an ensemble of trees. */
export interface TreeShap {
  readonly features: number;
  readonly outputs: number;
  /** Mean sum of leaf values over the training rows, by output, which the contributions are relative to. */
  readonly expected: Float64Array;
  /**
   * Path-dependent TreeSHAP (Lundberg et al. 2020, algorithm 2): float64 [rows][outputs][features], which with
   * `expected` sum to the scores. With `background`: interventional, relative to the mean score of the background rows.
   */
  contributions(rows: number, read: BlockReader, background?: Background): Float64Array;
  /**
   * SHAP interaction values (the same, section "interaction values"), path-dependent: float64
   * [rows][outputs][features][features], symmetric; a line sums to its feature's contribution.
   */
  interactions(rows: number, read: BlockReader): Float64Array;
}

/** Rows that stand for the training data: float32 [rows][features]. */
export interface Background {
  readonly rows: number;
  readonly values: Float32Array;
}

interface Kernel {
  readonly memory: KernelMemory;
  readonly exports: Readonly<Record<string, WebAssembly.Global>> & {
    explainBlock(count: number): void;
    interactBlock(count: number): void;
    interveneBlock(count: number): void;
  };
}

const TREE_WORDS = 5;
/** Bounds the block of results. */
const RESULT_BYTES = 8 * 2 ** 20;
const MOST_BLOCK_ROWS = 256;

function createKernel(): Kernel {
  const memory = new KernelMemory();
  return { memory, exports: createInstance("shap", memory) };
}

/**
 * Prepares trees once for any number of rows. A row costs about (elements of the trees) * (features on the longest
 * path) / 2 multiplications and additions. Runs on the calling thread.
 * @throws QuernError OUT_OF_MEMORY when the trees do not fit one memory of 4 GiB
 */
export function createTreeShap(trees: ExplainableTrees, features: number): TreeShap {
  const kernel = createKernel();
  const expected = copyTrees(kernel, trees, features);
  const set = (values: Readonly<Record<string, number>>): void => {
    for (const [name, value] of Object.entries(values)) kernel.exports[name]!.value = value;
  };
  const run = (
    work: (count: number) => void,
    cells: number,
    blockRows: number,
    rows: number,
    read: BlockReader,
  ): Float64Array => {
    const { memory } = kernel;
    const size = Math.max(1, Math.min(rows, blockRows, Math.floor(RESULT_BYTES / (cells * 8))));
    const mark = memory.mark();
    const block = memory.allocate(size * features * 4);
    const contributions = memory.allocate(size * cells * 8);
    set({ block, contributions });
    const result = new Float64Array(rows * cells);
    for (let start = 0; start < rows; start += size) {
      const count = Math.min(size, rows - start);
      const part = memory.float64(contributions, count * cells).fill(0);
      read(memory.float32(block, count * features), start, count);
      work(count);
      result.set(part, start * cells);
    }
    memory.release(mark);
    return result;
  };
  const cells = trees.outputs * features;
  return {
    features,
    outputs: trees.outputs,
    expected,
    contributions(rows, read, background) {
      if (!background) return run(kernel.exports.explainBlock, cells, MOST_BLOCK_ROWS, rows, read);
      const mark = kernel.memory.mark();
      const address = kernel.memory.allocate(background.values.byteLength);
      kernel.memory.float32(address, background.values.length).set(background.values);
      set({ background: address, backgroundRows: background.rows });
      const sums = run(kernel.exports.interveneBlock, cells, MOST_BLOCK_ROWS, rows, read);
      kernel.memory.release(mark);
      return sums.map((sum) => sum / background.rows);
    },
    interactions(rows, read) {
      const own = this.contributions(rows, read);
      const pairs = run(kernel.exports.interactBlock, cells * features, MOST_BLOCK_ROWS, rows, read);
      return withDiagonal(pairs, own, features);
    },
  };
}

/** What a feature does alone: its contribution without its shares in pairs. */
function withDiagonal(pairs: Float64Array, own: Float64Array, features: number): Float64Array {
  for (let line = 0; line < own.length; line++) {
    let alone = own[line]!;
    for (let k = 0; k < features; k++) alone -= pairs[line * features + k]!;
    pairs[line * features + (line % features)] = alone;
  }
  return pairs;
}

/** The mean sum of leaf values, by output. */
function copyTrees(kernel: Kernel, trees: ExplainableTrees, features: number): Float64Array {
  const { memory } = kernel;
  const layouts = Array.from(trees.roots, (root) => layOutTree(trees, root));
  const largest = layouts.reduce((most, { elements }) => Math.max(most, elements), 1);
  const longest = layouts.reduce((most, { longestPath }) => Math.max(most, longestPath), 1);
  const records = memory.allocate(layouts.length * TREE_WORDS * 4);
  const placesOf = pointPlaces(memory);
  for (const [k, layout] of layouts.entries()) {
    const elements = memory.allocate(layout.bytes.byteLength);
    memory.uint8(elements, layout.bytes.byteLength).set(new Uint8Array(layout.bytes));
    const points = pointsFor(layout);
    const own = trees.treeOutputs ? trees.treeOutputs[k]! : trees.outputs === 1 ? 0 : -1;
    memory
      .int32(records + k * TREE_WORDS * 4, TREE_WORDS)
      .set([elements, layout.elements, points, placesOf(points), own]);
  }
  const lineBytes = 8 * evenPoints(longest);
  const addresses = {
    treeRecords: records,
    leafValues: copyIn(memory, trees.leafValues),
    sets: copyIn(memory, trees.sets),
    categories: copyIn(memory, trees.categories),
    products: memory.allocate(largest * lineBytes),
    sums: memory.allocate(largest * lineBytes),
    passes: memory.allocate(largest),
    decisions: memory.allocate(largest),
    pathFeatures: memory.allocate(4 * (longest + 1)),
    pathFactors: memory.allocate((longest + 1) * lineBytes),
    pathGains: memory.allocate(8 * (longest + 1)),
    sides: memory.allocate(Math.max(features, 1)),
    weights: copyIn(memory, coalitionWeights(longest + 1)),
  };
  memory.uint8(addresses.sides, features).fill(0);
  memory.uint8(addresses.sums, largest * lineBytes).fill(0);
  const counts = { trees: layouts.length, outputs: trees.outputs, features, weightSize: longest + 1 };
  for (const [name, value] of Object.entries({ ...addresses, ...counts }))
    kernel.exports[name]!.value = value;
  return meanOf(trees, layouts);
}

const evenPoints = (pathLength: number): number => 2 * Math.max(1, Math.ceil(pathLength / 4));
const pointsFor = (layout: TreeLayout): number => evenPoints(layout.longestPath);

/** What the kernel needs of quadrature points, in memory once for each number of points. */
function pointPlaces(memory: KernelMemory): (count: number) => number {
  const known = new Map<number, number>();
  return (count) => {
    const present = known.get(count);
    if (present !== undefined) return present;
    const { points, weights } = gaussLegendre(count);
    const rest = points.map((point) => 1 - point);
    const lines = [points, weights, rest];
    const address = memory.allocate(8 * count * lines.length);
    for (const [line, values] of lines.entries()) {
      memory.float64(address + 8 * count * line, count).set(values);
    }
    known.set(count, address);
    return address;
  };
}

function copyIn(
  memory: KernelMemory,
  values: Int32Array | Uint32Array | Float32Array | Float64Array,
): number {
  const address = memory.allocate(values.byteLength);
  memory
    .uint8(address, values.byteLength)
    .set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return address;
}

/** (x - 1)! b! / (x + b)! at row x, column b; 0 for x = 0. */
function coalitionWeights(size: number): Float64Array {
  const weights = new Float64Array(size * size);
  for (let x = 1; x < size; x++) {
    // b = 0: 1 / x; each further b multiplies by b / (x + b).
    let weight = 1 / x;
    for (let b = 0; b < size; b++) {
      if (b > 0) weight *= b / (x + b);
      weights[x * size + b] = weight;
    }
  }
  return weights;
}

function meanOf(trees: ExplainableTrees, layouts: readonly TreeLayout[]): Float64Array {
  const mean = new Float64Array(trees.outputs);
  for (const [tree, { leaves }] of layouts.entries()) {
    const output = trees.treeOutputs?.[tree];
    for (const { leaf, share } of leaves) {
      if (output !== undefined) mean[output] = mean[output]! + share * trees.leafValues[leaf]!;
      else
        for (let k = 0; k < trees.outputs; k++)
          mean[k] = mean[k]! + share * trees.leafValues[leaf * trees.outputs + k]!;
    }
  }
  return mean;
}
