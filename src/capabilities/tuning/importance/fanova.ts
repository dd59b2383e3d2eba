/**
 * How much of the variation of a study's value each dimension alone explains: functional analysis of variance over a
 * random forest (Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter importance",
 * ICML 2014). Marginals are exact: a tree is piecewise constant, so its mean over all other dimensions is a step
 * function computed from the boxes of its leaves.
 */
import type { Random } from "../../../foundation/base/random.js";
import type { SearchSpace } from "../../../foundation/contracts/search-space.js";
import type { EncodedDimension, SpaceEncoder } from "../space/encoder.js";
import type { Leaf, Tree } from "./regression-forest.js";
import { type ImportanceRequest, importanceForest } from "./study-forest.js";

/**
 * Share of the total variance by dimension, each 0..1; what interactions explain is missing from their sum. Numbers
 * are measured on their own scale, choices over their values. All 0 where the values do not differ. NaN for fewer
 * than 4 completed trials.
 */
export function fanovaImportance(
  space: SearchSpace,
  request: ImportanceRequest,
  random: Random,
): Readonly<Record<string, number>> {
  const { encoder, trees } = importanceForest(space, request, random.fork("fanova"));
  const shares = encoder.parts.map(({ dimension }): [string, number] => [
    dimension.name,
    trees ? 0 : Number.NaN,
  ]);
  if (!trees) return Object.fromEntries(shares);
  let counted = 0;
  for (const tree of trees) {
    const decomposed = decompose(encoder, tree);
    if (!decomposed) continue;
    counted++;
    for (const [k, share] of decomposed.entries()) shares[k]![1] += share;
  }
  return Object.fromEntries(shares.map(([name, sum]) => [name, counted > 0 ? sum / counted : 0]));
}

/** Each dimension's share of one tree's variance; undefined for a tree that is constant. */
function decompose(encoder: SpaceEncoder, tree: Tree): number[] | undefined {
  // Volumes of a leaf by dimension; the product is its share of the space.
  const volumes = tree.leaves.map((leaf) => encoder.parts.map((part) => volumeOf(part, leaf)));
  const weights = volumes.map((byPart) => byPart.reduce((a, b) => a * b, 1));
  const mean = tree.leaves.reduce((sum, { value }, k) => sum + weights[k]! * value, 0);
  const total = tree.leaves.reduce((sum, { value }, k) => sum + weights[k]! * (value - mean) ** 2, 0);
  if (!(total > 0)) return undefined;
  return encoder.parts.map((part, p) => {
    const marginal = new Marginal(part, tree.leaves);
    for (const [k, leaf] of tree.leaves.entries()) {
      const own = volumes[k]![p]!;
      if (own > 0) marginal.add(leaf, (weights[k]! / own) * (leaf.value - mean));
    }
    return Math.min(1, marginal.variance() / total);
  });
}

/** The share of the dimension's values that lie in the leaf. */
function volumeOf({ dimension, first, size }: EncodedDimension, leaf: Leaf): number {
  if (dimension.kind === "number") return leaf.high[first]! - leaf.low[first]!;
  let inside = 0;
  for (let k = 0; k < size; k++) inside += Number(holdsChoice(leaf, first, size, k));
  return inside / size;
}

/** Whether the one-hot code of value k lies in the leaf; thresholds of one-hot columns are 1/2. */
function holdsChoice({ low, high }: Leaf, first: number, size: number, k: number): boolean {
  for (let column = 0; column < size; column++) {
    const code = column === k ? 1 : 0;
    if (code < low[first + column]! || code > high[first + column]!) return false;
  }
  return true;
}

/** The tree's mean over all other dimensions, as a step function of one. */
class Marginal {
  readonly #part: EncodedDimension;
  /** Of a number: where steps begin, ascending, and the change at each. */
  readonly #edges: Float64Array;
  readonly #changes: Float64Array;
  /** Of a choice: the mean at each value. */
  readonly #means: Float64Array;

  constructor(part: EncodedDimension, leaves: readonly Leaf[]) {
    this.#part = part;
    const numeric = part.dimension.kind === "number";
    const edges = numeric ? leaves.flatMap(({ low, high }) => [low[part.first]!, high[part.first]!]) : [];
    this.#edges = Float64Array.from(new Set(edges)).sort();
    this.#changes = new Float64Array(this.#edges.length);
    this.#means = new Float64Array(numeric ? 0 : part.size);
  }

  add(leaf: Leaf, amount: number): void {
    const { dimension, first, size } = this.#part;
    if (dimension.kind === "choice") {
      for (let k = 0; k < size; k++) if (holdsChoice(leaf, first, size, k)) this.#means[k]! += amount;
      return;
    }
    this.#changes[this.#position(leaf.low[first]!)]! += amount;
    this.#changes[this.#position(leaf.high[first]!)]! -= amount;
  }

  /** Of an edge that is known to be there. */
  #position(edge: number): number {
    let from = 0;
    let to = this.#edges.length - 1;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#edges[middle]! < edge) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Of amounts whose mean over the dimension is 0. */
  variance(): number {
    if (this.#part.dimension.kind === "choice")
      return this.#means.reduce((sum, mean) => sum + mean * mean, 0) / this.#part.size;
    let height = 0;
    let variance = 0;
    for (let k = 0; k + 1 < this.#edges.length; k++) {
      height += this.#changes[k]!;
      variance += height * height * (this.#edges[k + 1]! - this.#edges[k]!);
    }
    return variance;
  }
}
