import { compileDirect, type DirectModel } from "../../engines/onnx/index.js";
import type { Clock } from "../../foundation/base/clock.js";
import { PARITY_LIMIT, predictionDistance, valueScale } from "../../foundation/contracts/prediction.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { concatenateRows, rowsOf, type Tensors } from "./tensor-batch.js";

/** Larger models would hold up the event loop while they are compiled. */
const MAXIMUM_MODEL_BYTES = 4 * 2 ** 20;
/** About what handing a batch to another thread and taking it back costs the event loop: longer work goes there. */
const MAXIMUM_BLOCKING_MS = 0.05;
const TRIED_ROWS = [1, 4, 16];
const WARM_UP_RUNS = 100;
const MEASURED_RUNS = 15;
/** Callers with a row each, whom a busy server answers together. */
const CROWD = 64;

/** Runs the model where it lives, whatever that is. */
export type RunModel = (inputs: Tensors, outputs: readonly string[]) => Promise<Tensors>;

/** A model that answers few rows on the calling thread, without the hop to another one and the runtime's cost of a call. */
export interface DirectPath {
  /** Requests of at most this many rows are faster this way. */
  readonly rows: number;
  /** Whether a crowd of callers is answered sooner this way than in a batch: then they are faster this way under any load. */
  readonly isCheapestUnderLoad: boolean;
  readonly model: DirectModel;
}

export interface DirectCandidate {
  /** Admitted: the runtime has opened it. */
  readonly model: Uint8Array;
  /** Inputs of a few rows to measure and compare on. */
  readonly sample: Tensors;
  readonly outputs: readonly string[];
  readonly clock: Clock;
  /** The runtime's answer, for comparison. */
  readonly run: RunModel;
  /** Answers so many callers with one row each as it is done without the direct way, with all that this takes. */
  readonly crowd: (callers: number) => Promise<unknown>;
}

/**
 * Decides by measuring: the direct way is taken for as many rows as it answers sooner than the runtime and without
 * holding up other callers, provided that its answers on the sample are the runtime's within the parity limit.
 */
export async function openDirectPath(candidate: DirectCandidate): Promise<DirectPath | undefined> {
  const { model: bytes, sample, outputs, clock, run, crowd } = candidate;
  if (bytes.length > MAXIMUM_MODEL_BYTES || rowCount(sample) === 0) return undefined;
  const model = compileDirect(bytes);
  if (!model) return undefined;
  const expected = await run(sample, outputs);
  if (!agrees(model.run(sample, outputs), expected)) return undefined;
  // Compiled code is what callers will meet.
  for (let k = 0; k < WARM_UP_RUNS; k++) model.run(sample, outputs);
  let rows = 0;
  for (const tried of TRIED_ROWS) {
    const batch = repeated(sample, tried);
    const direct = await leastMs(clock, () => model.run(batch, outputs));
    if (direct > MAXIMUM_BLOCKING_MS) break;
    if (direct > (await leastMs(clock, () => run(batch, outputs)))) break;
    rows = tried;
  }
  if (rows === 0) return undefined;
  const rowsOfCrowd = repeated(sample, CROWD);
  const batchMs = await leastMs(clock, () => crowd(CROWD));
  const directMs = await leastMs(clock, () => model.run(rowsOfCrowd, outputs));
  return { rows, isCheapestUnderLoad: directMs <= batchMs, model };
}

export function rowCount(inputs: Tensors): number {
  for (const name in inputs) return inputs[name]!.shape[0]!;
  return 0;
}

function agrees(actual: Tensors, expected: Tensors): boolean {
  return Object.entries(expected).every(([name, tensor]) => {
    const other = actual[name]!;
    if (other.type !== tensor.type || other.data.length !== tensor.data.length) return false;
    const scale = tensor.type === "float32" ? valueScale(tensor.data as Float32Array) : 1;
    for (let k = 0; k < tensor.data.length; k++) {
      const [a, b] = [other.data[k]!, tensor.data[k]!];
      if (typeof a === "number" && typeof b === "number") {
        if (predictionDistance(a, b, scale) > PARITY_LIMIT) return false;
      } else if (a !== b) return false;
    }
    return true;
  });
}

/** As many rows, taken from the start again and again. */
function repeated(sample: Tensors, rows: number): Tensors {
  return mapTensors(sample, (tensor) => {
    const given = tensor.shape[0]!;
    return concatenateRows(
      Array.from({ length: rows }, (_, row) => rowsOf(tensor, row % given, (row % given) + 1)),
    );
  });
}

function mapTensors(tensors: Tensors, change: (tensor: Tensor) => Tensor): Tensors {
  const changed: Record<string, Tensor> = Object.create(null);
  for (const [name, tensor] of Object.entries(tensors)) changed[name] = change(tensor);
  return changed;
}

/** The least time of several runs: whatever else the machine does can only add to it. */
async function leastMs(clock: Clock, work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < MEASURED_RUNS; k++) {
    const start = clock.elapsed();
    await work();
    least = Math.min(least, clock.elapsed() - start);
  }
  return least;
}
