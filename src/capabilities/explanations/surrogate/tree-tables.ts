import { QuernError } from "../../../foundation/base/errors.js";
import type { FlatTrees } from "../../../foundation/contracts/model-anatomy.js";

/** Shapley values of trees with one output, relative to background rows that are known beforehand. */
export interface TreeTables {
  /** Mean score of the background rows. */
  readonly base: number;
  /** Score of one row, float32 [features]. */
  score(line: Float32Array): number;
  /** Adds the contributions of the row's features to `into`, which with `base` sum to its score. */
  explain(line: Float32Array, into: Float64Array): void;
}

/** The leaves of all trees in flat arrays, since every row meets all of them. */
interface Leaves {
  readonly values: Float64Array;
  /** Steps of leaf k: stepStart[k] .. stepStart[k + 1] - 1. */
  readonly stepStart: Int32Array;
  /** 2 * node, plus 1 where the step goes left. */
  readonly step: Int32Array;
  /** The bit of the step's column in a pattern. */
  readonly stepBit: Int32Array;
  /** Different features on the way to leaf k: featureStart[k] .. featureStart[k + 1] - 1. */
  readonly featureStart: Int32Array;
  readonly feature: Int32Array;
}

/** Tables hold 2 ** features lines. */
const MOST_FEATURES = 10;

/**
 * Interventional Shapley values of trees by tables: a leaf only asks of a row which features on its way let it pass, so
 * what all background rows together contribute is summed once for each such pattern and then looked up. A row costs
 * about leaves * depth, however many background rows there are.
 * @throws QuernError BUNDLE_INVALID for ways with more different features than tables are made for
 */
export function createTreeTables(trees: FlatTrees, background: Float32Array): TreeTables {
  const leaves = leavesOf(trees);
  const { values, featureStart, feature } = leaves;
  const rows = background.length / trees.features;
  const sides = new Uint8Array(trees.nodeFeature.length);
  const patterns = new Int32Array(values.length);
  /** For every leaf, how many background rows have each pattern that occurs. */
  const counts = Array.from(values, () => new Map<number, number>());
  for (let row = 0; row < rows; row++) {
    decideAll(trees, background.subarray(row * trees.features, (row + 1) * trees.features), sides);
    findPatterns(leaves, sides, patterns);
    for (const [k, pattern] of patterns.entries())
      counts[k]!.set(pattern, (counts[k]!.get(pattern) ?? 0) + 1);
  }
  const sizeOf = (leaf: number): number => featureStart[leaf + 1]! - featureStart[leaf]!;
  const full = Int32Array.from(values, (_, k) => 2 ** sizeOf(k) - 1);
  /** By leaf, the contributions of its features for each pattern of an explained row; NaN: not met yet. */
  const tables: (Float64Array | undefined)[] = new Array(values.length).fill(undefined);
  return {
    base: values.reduce(
      (sum, value, k) => sum + (value * (counts[k]!.get(full[k]!) ?? 0)) / rows,
      trees.base[0]!,
    ),
    score(line) {
      decideAll(trees, line, sides);
      findPatterns(leaves, sides, patterns);
      return values.reduce((sum, value, k) => (patterns[k] === full[k] ? sum + value : sum), trees.base[0]!);
    },
    explain(line, into) {
      decideAll(trees, line, sides);
      findPatterns(leaves, sides, patterns);
      for (let leaf = 0; leaf < patterns.length; leaf++) {
        const size = sizeOf(leaf);
        const table = tables[leaf] ?? new Float64Array(2 ** size * size).fill(Number.NaN);
        tables[leaf] = table;
        const start = patterns[leaf]! * size;
        if (Number.isNaN(table[start])) {
          const share = values[leaf]! / rows;
          table.set(contributionsOf(patterns[leaf]!, counts[leaf]!, size, share), start);
        }
        for (let k = 0; k < size; k++) into[feature[featureStart[leaf]! + k]!]! += table[start + k]!;
      }
    },
  };
}

function leavesOf(trees: FlatTrees): Leaves {
  const scale = trees.aggregate === "average" ? 1 / Math.max(trees.roots.length, 1) : 1;
  const values: number[] = [];
  const [stepStart, step, stepBit]: [number[], number[], number[]] = [[0], [], []];
  const [featureStart, feature]: [number[], number[]] = [[0], []];
  const descend = (at: number, way: readonly number[]): void => {
    if (at >= 0) {
      descend(trees.nodeLeft[at]!, [...way, 2 * at + 1]);
      descend(trees.nodeRight[at]!, [...way, 2 * at]);
      return;
    }
    const asked = way.map((one) => trees.nodeFeature[one >> 1]!);
    const different = [...new Set(asked)];
    if (different.length > MOST_FEATURES) {
      throw new QuernError(
        "BUNDLE_INVALID",
        `A surrogate's tree asks ${different.length} columns on one way.`,
      );
    }
    values.push(trees.leafValues[~at]! * scale);
    step.push(...way);
    stepBit.push(...asked.map((one) => 1 << different.indexOf(one)));
    stepStart.push(step.length);
    feature.push(...different);
    featureStart.push(feature.length);
  };
  for (const root of trees.roots) descend(root, []);
  return {
    values: Float64Array.from(values),
    ...{
      stepStart: Int32Array.from(stepStart),
      step: Int32Array.from(step),
      stepBit: Int32Array.from(stepBit),
    },
    ...{ featureStart: Int32Array.from(featureStart), feature: Int32Array.from(feature) },
  };
}

/** Of every node, whether the row goes left. */
function decideAll(trees: FlatTrees, line: Float32Array, sides: Uint8Array): void {
  const { nodeFeature, nodeThreshold, nodeFlags, nodeSet, sets, categories } = trees;
  for (let node = 0; node < nodeFeature.length; node++) {
    const feature = nodeFeature[node]!;
    const value = line[feature]!;
    const flags = nodeFlags[node]!;
    if (Number.isNaN(value)) sides[node] = flags & 1;
    else if ((flags & 2) === 0) sides[node] = value <= nodeThreshold[node]! ? 1 : 0;
    else {
      const isCode = Number.isInteger(value) && value >= 0 && value < categories[feature]!;
      sides[node] = isCode ? (sets[nodeSet[node]! + (value >>> 5)]! >>> (value & 31)) & 1 : 0;
    }
  }
}

/** Of every leaf, the bits of the features that let the row pass all their steps. */
function findPatterns(leaves: Leaves, sides: Uint8Array, patterns: Int32Array): void {
  const { stepStart, step, stepBit, featureStart } = leaves;
  for (let leaf = 0; leaf < patterns.length; leaf++) {
    let pattern = (1 << (featureStart[leaf + 1]! - featureStart[leaf]!)) - 1;
    for (let at = stepStart[leaf]!; at < stepStart[leaf + 1]!; at++)
      if (sides[step[at]! >> 1] !== (step[at]! & 1)) pattern &= ~stepBit[at]!;
    patterns[leaf] = pattern;
  }
}

/**
 * `share`: the leaf's value by the number of background rows. It counts where each feature lets the row or, outside the coalition, the background row pass. Of a features that
 * only the row passes and b that only the background row passes, each of the first has the Shapley value
 * (a - 1)! b! / (a + b)! of the leaf's value and each of the second - a! (b - 1)! / (a + b)!.
 */
function contributionsOf(
  own: number,
  patterns: ReadonlyMap<number, number>,
  size: number,
  share: number,
): Float64Array {
  const full = 2 ** size - 1;
  const contributions = new Float64Array(size);
  for (const [other, count] of patterns) {
    if ((own | other) !== full) continue;
    const mine = own & ~other;
    const theirs = other & ~own;
    const [a, b] = [ones(mine), ones(theirs)];
    const weight = share * count;
    for (let k = 0; k < size; k++) {
      if ((mine >>> k) & 1) contributions[k]! += weight * split(a - 1, b);
      else if ((theirs >>> k) & 1) contributions[k]! -= weight * split(b - 1, a);
    }
  }
  return contributions;
}

function ones(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

/** p! q! / (p + q + 1)! */
function split(p: number, q: number): number {
  let value = 1 / (p + 1);
  for (let k = 1; k <= q; k++) value *= k / (p + 1 + k);
  return value;
}
