/** Batches of rows whose images are changed a little each time they are seen. */
import type { Random } from "../../../../foundation/base/random.js";
import type { ElementType } from "../../../../foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../../../../foundation/contracts/tensor.js";
import { SHARE, symmetricBeta } from "../augmentation/mixup.js";
import { type Batches, type StackedTensors, streamedBatches } from "../batches.js";
import { createRowStream } from "../row-stream.js";
import { augmentPicture } from "./augment.js";
import type { Augmentation } from "./config.js";
import type { ImageSize } from "./image-inputs.js";

const TRUTH = "truth";

export interface ImageBatchOptions {
  /** By name, rows first; uint8 of rank 4: images. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly batch: number;
  readonly augmentation: Augmentation;
  readonly random: Random;
}

/** Same options and seed: same batches, however many are taken at a time. */
export function imageBatches({ tensors, batch, augmentation, random }: ImageBatchOptions): Batches {
  const rows = tensors[TRUTH]!.shape[0]!;
  const stream = createRowStream(rows, batch, 1, random.fork("rows"));
  const changes = random.fork("changes");
  const ports: Record<string, { type: ElementType; shape: readonly number[] }> = {};
  for (const [name, { type, shape }] of Object.entries(tensors))
    ports[name] = { type, shape: [batch, ...shape.slice(1)] };
  const isMixed = augmentation.mixup > 0;
  if (isMixed) ports[SHARE] = { type: "float32", shape: [] };
  return streamedBatches(ports, (steps) => {
    const made = new Stack(ports, steps);
    const numbers = stream.next(steps);
    for (let step = 0; step < steps; step++) {
      const chosen = numbers.subarray(step * batch, (step + 1) * batch);
      for (const [name, tensor] of Object.entries(tensors)) {
        const target = made.part(name, step);
        if (isImage(tensor)) writeImages(tensor, chosen, augmentation, changes, target as Uint8Array);
        else writeRows(tensor, chosen, target);
      }
      if (isMixed) mix(made, step, tensors, augmentation.mixup, changes);
    }
    return made.tensors;
  });
}

const isImage = ({ type, shape }: Tensor): boolean => type === "uint8" && shape.length === 4;

type Numbers = Uint8Array | Int32Array | BigInt64Array | Float32Array;
const ARRAYS = { uint8: Uint8Array, int32: Int32Array, int64: BigInt64Array, float32: Float32Array } as const;

/** Tensors of several steps, one behind the other. */
class Stack {
  readonly tensors: StackedTensors;
  readonly #sizes: ReadonlyMap<string, number>;

  constructor(
    ports: Readonly<Record<string, { type: ElementType; shape: readonly number[] }>>,
    steps: number,
  ) {
    this.#sizes = new Map(Object.entries(ports).map(([name, { shape }]) => [name, elementCount(shape)]));
    this.tensors = Object.fromEntries(
      Object.entries(ports).map(([name, { type, shape }]) => {
        return [name, new ARRAYS[type as keyof typeof ARRAYS](steps * elementCount(shape))];
      }),
    );
  }

  /** What a step sees of a tensor. */
  part(name: string, step: number): Numbers {
    const size = this.#sizes.get(name)!;
    return (this.tensors[name] as Numbers).subarray(step * size, (step + 1) * size);
  }
}

function writeImages(
  { data, shape }: Tensor,
  rows: BigInt64Array,
  augmentation: Augmentation,
  random: Random,
  target: Uint8Array,
): void {
  const [, height, width, channels] = shape as [number, number, number, number];
  const size: ImageSize = { height, width, channels };
  const length = height * width * channels;
  for (const [at, row] of rows.entries()) {
    const start = Number(row) * length;
    const source = (data as Uint8Array).subarray(start, start + length);
    augmentPicture(source, size, augmentation, random, target, at * length);
  }
}

function writeRows({ data, shape }: Tensor, rows: BigInt64Array, target: Numbers): void {
  const width = elementCount(shape.slice(1));
  for (const [at, row] of rows.entries()) {
    const start = Number(row) * width;
    (target as Float32Array).set((data as Float32Array).subarray(start, start + width), at * width);
  }
}

/** Each row with the next one of its batch; the batch shares one share. Tokens stay those of the row. */
function mix(
  made: Stack,
  step: number,
  tensors: Readonly<Record<string, Tensor>>,
  alpha: number,
  random: Random,
): void {
  const share = symmetricBeta(alpha, random);
  const rows = made.part(TRUTH, step).length / elementCount(tensors[TRUTH]!.shape.slice(1));
  (made.part(SHARE, step) as Float32Array)[0] = share;
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name === TRUTH || (tensor.type !== "uint8" && tensor.type !== "float32")) continue;
    const own = made.part(name, step) as Float32Array;
    const partner = turned(own, rows) as Float32Array;
    for (let i = 0; i < own.length; i++) {
      const value = share * own[i]! + (1 - share) * partner[i]!;
      own[i] = tensor.type === "uint8" ? Math.floor(value + 0.5) : value;
    }
  }
}

/** The rows of a batch, moved by one. */
function turned(values: Numbers, rows: number): Numbers {
  const width = values.length / rows;
  const result = new (values.constructor as Float32ArrayConstructor)(values.length);
  result.set((values as Float32Array).subarray(width));
  result.set((values as Float32Array).subarray(0, width), values.length - width);
  return result;
}
