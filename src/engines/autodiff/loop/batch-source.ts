import type { Random } from "../../../foundation/base/random.js";
import type { ElementType } from "../../../foundation/contracts/graph.js";
import type { TensorArrays } from "../../../foundation/contracts/tensor.js";

/** Per-step tensors of one step, by name. */
export type Batch = Readonly<Record<string, TensorArrays[ElementType]>>;

/** What each step sees: a function of the step's number alone, so that a training can go on anywhere. */
export interface BatchSource {
  batch(step: number): Batch | Promise<Batch>;
  /** Which of the training's forms the step takes; absent: 0. */
  form?(step: number): number;
  close?(): Promise<void>;
}

/** Batches end to end, as `Training.run` takes them. */
export function stackBatches(batches: readonly Batch[]): Batch {
  if (batches.length === 1) return batches[0]!;
  return Object.fromEntries(
    Object.keys(batches[0]!).map((name) => [name, joined(batches.map((batch) => batch[name]!))]),
  );
}

function joined(parts: readonly TensorArrays[ElementType][]): TensorArrays[ElementType] {
  const [first] = parts;
  if (!ArrayBuffer.isView(first)) return parts.flatMap((part) => part as readonly string[]);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const result = new (first.constructor as new (length: number) => typeof first)(length);
  let start = 0;
  for (const part of parts) {
    (result as Float32Array).set(part as Float32Array, start);
    start += part.length;
  }
  return result;
}

export interface BatchOrderOptions {
  readonly rows: number;
  /** Rows of a batch. */
  readonly size: number;
  /** Of every row; with them, batches are of similar length. Few different ones leave rows in the most random order. */
  readonly lengths?: ArrayLike<number>;
  /** Each epoch is drawn from a stream of its own. */
  readonly random: Random;
}

export interface BatchOrder {
  readonly batchesPerEpoch: number;
  /** Row numbers of the batch of a step. A last batch that is not full is filled from the start of its epoch. */
  rows(step: number): Int32Array;
}

/** Batches of one sort are drawn from this many at once. */
const BUCKET_BATCHES = 128;

/** Every row once an epoch, in an order drawn anew for each. */
export function createBatchOrder({ rows, size, lengths, random }: BatchOrderOptions): BatchOrder {
  const batchesPerEpoch = Math.ceil(rows / size);
  let known = -1;
  let order: Int32Array = new Int32Array();
  const orderOf = (epoch: number): Int32Array => {
    if (epoch === known) return order;
    const own = random.fork(`epoch ${epoch}`);
    const drawn = filled(own.permutation(rows), batchesPerEpoch * size);
    order = lengths ? bucketed(drawn, size, lengths, own) : drawn;
    known = epoch;
    return order;
  };
  return {
    batchesPerEpoch,
    rows(step) {
      const within = step % batchesPerEpoch;
      return orderOf(Math.floor(step / batchesPerEpoch)).slice(within * size, (within + 1) * size);
    },
  };
}

const filled = (order: Int32Array, length: number): Int32Array =>
  Int32Array.from({ length }, (_, position) => order[position % order.length]!);

/** Sorted by length within groups of batches, rows of one length in the order drawn; then the batches are shuffled. */
function bucketed(order: Int32Array, size: number, lengths: ArrayLike<number>, random: Random): Int32Array {
  const batches: Int32Array[] = [];
  const group = size * BUCKET_BATCHES;
  for (let start = 0; start < order.length; start += group) {
    const sorted = order.slice(start, start + group).sort((a, b) => lengths[a]! - lengths[b]!);
    for (let at = 0; at < sorted.length; at += size) batches.push(sorted.subarray(at, at + size));
  }
  const result = new Int32Array(order.length);
  for (const [index, batch] of random.shuffle(batches).entries()) result.set(batch, index * size);
  return result;
}
