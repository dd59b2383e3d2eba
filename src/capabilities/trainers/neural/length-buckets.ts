/** Texts of like length together, so that short ones do not pay for the padding of long ones. */
import { createBatchOrder } from "../../../engines/autodiff/index.js";
import type { Expressions } from "../../../engines/onnx/index.js";
import type { Random } from "../../../foundation/base/random.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { type Batches, sampledBatches } from "./batches.js";

/** Lengths are multiples of this, which products of matrices like. */
const LENGTH_STEP = 8;
/** A further length is worth its graph where it spares at least this share of all places. */
const WORTH_SHARE = 0.02;
/** Steps that pay for the making of one graph. */
const STEPS_FOR_LENGTH = 40;
const MOST_LENGTHS = 6;

/** Pieces of each row's longest text: texts are int32 [rows, L], 0 where a text has ended. */
export function longestTexts(texts: readonly Tensor[], rows: number): Int32Array {
  const longest = new Int32Array(rows);
  for (const { shape, data } of texts) {
    const length = shape[1]!;
    for (let row = 0; row < rows; row++) {
      let end = length;
      while (end > 0 && (data as Int32Array)[row * length + end - 1] === 0) end--;
      longest[row] = Math.max(longest[row]!, end);
    }
  }
  return longest;
}

/**
 * The lengths, at most `most`, that leave least padding when each row takes the first that holds it; ascending, the last
 * holds all. Found exactly, by dynamic programming over multiples of 8.
 */
export function bucketLengths(pieces: Int32Array, most: number): number[] {
  const steps = Math.max(1, Math.ceil(pieces.reduce((a, b) => Math.max(a, b), 1) / LENGTH_STEP));
  const below = new Float64Array(steps + 1);
  for (const count of pieces) below[Math.max(1, Math.ceil(count / LENGTH_STEP))]!++;
  for (let k = 1; k <= steps; k++) below[k]! += below[k - 1]!;
  // places[n][k]: least number of places, in steps, of the rows up to length k in n + 1 buckets, the last of length k.
  const places = [Float64Array.from(below, (rows, k) => rows * k)];
  const cuts: Int32Array[] = [];
  const worth = WORTH_SHARE * places[0]![steps]!;
  while (places.length < most) {
    const { best, cut } = withOneMore(places.at(-1)!, below);
    if (places.at(-1)![steps]! - best[steps]! < worth) break;
    places.push(best);
    cuts.push(cut);
  }
  const lengths = [steps];
  for (const cut of cuts.reverse()) lengths.unshift(cut[lengths[0]!]!);
  return [...new Set(lengths)].filter((length) => length > 0).map((length) => length * LENGTH_STEP);
}

function withOneMore(before: Float64Array, below: Float64Array) {
  const best = Float64Array.from(before);
  const cut = Int32Array.from(before, (_, k) => k);
  for (let k = 1; k < best.length; k++) {
    for (let shorter = 1; shorter < k; shorter++) {
      const places = before[shorter]! + (below[k]! - below[shorter]!) * k;
      if (places >= best[k]!) continue;
      best[k] = places;
      cut[k] = shorter;
    }
  }
  return { best, cut };
}

export interface BucketedOptions {
  /** Rows of a step. */
  readonly batch: number;
  /** Of the training: a short one takes fewer lengths. */
  readonly steps: number;
  /** Names of the tensors that are texts, int32 [rows, L]. */
  readonly texts: readonly string[];
  readonly random: Random;
}

/** Random rows of tensors that lie in memory, by length where there are texts to go by. */
export function textBatches(tensors: Readonly<Record<string, Tensor>>, options: BucketedOptions): Batches {
  return options.texts.length > 0 ? bucketedBatches(tensors, options) : sampledBatches(tensors, options);
}

/**
 * Random rows of tensors that lie in memory, as `sampledBatches`, in batches of like length: every row once an epoch, rows that
 * need the same length in an order drawn anew for each. The longest length is form 0.
 */
function bucketedBatches(
  tensors: Readonly<Record<string, Tensor>>,
  { batch, steps, texts, random }: BucketedOptions,
): Batches {
  const rows = Object.values(tensors)[0]!.shape[0]!;
  const read = texts.map((name) => tensors[name]!);
  const pieces = longestTexts(read, rows);
  const most = Math.max(1, Math.min(MOST_LENGTHS, Math.floor(steps / STEPS_FOR_LENGTH)));
  const lengths = bucketLengths(pieces, most).reverse();
  const needed = pieces.map((count) => lengths.findLast((length) => length >= count)!);
  const order = createBatchOrder({ rows, size: batch, lengths: needed, random });
  const formOf = (step: number): number =>
    lengths.indexOf(order.rows(step).reduce((length, row) => Math.max(length, needed[row]!), 0));
  const isText = new Set(texts);
  let reached = 0;
  return {
    shared: tensors,
    perStep: { rows: { type: "int64", shape: [batch] } },
    forms: { count: lengths.length, of: formOf },
    inputs: (x, tensor, form) =>
      Object.fromEntries(
        Object.keys(tensors).map((name) => {
          const taken = x.gather(tensor(name), tensor("rows"));
          return [name, isText.has(name) ? firstPieces(x, taken, lengths[form]!) : taken];
        }),
      ),
    next(count) {
      const numbers = new BigInt64Array(count * batch);
      for (let k = 0; k < count; k++)
        numbers.set(BigInt64Array.from(order.rows(reached++), BigInt), k * batch);
      return { rows: numbers };
    },
  };
}

/** [N, L] cut to [N, length] where it is longer. */
export function firstPieces(x: Expressions, tokens: GraphValue, length: number): GraphValue {
  const whole = Number(tokens.shape[1]);
  return whole <= length ? tokens : x.split(tokens, [length, whole - length], 1)[0]!;
}
