import { ascendingOrder } from "../../../foundation/base/ascending-order.js";
import { indexOfLargest } from "../../../foundation/base/largest.js";
import type { Calibration } from "../../../foundation/contracts/evaluation.js";
import type { ClassInput } from "../metrics/inputs.js";

const BINS = 10;
const Z = 1.959963984540054;

/** Claims and what came of them: the probability stated for a row, and whether it happened. */
interface Claims {
  readonly stated: Float64Array;
  readonly happened: Uint8Array;
  readonly weights: Float64Array | undefined;
}

/** For one class. */
export function classCalibration(input: ClassInput, classIndex: number, name: string): Calibration {
  const stated = new Float64Array(input.rows);
  const happened = new Uint8Array(input.rows);
  for (let row = 0; row < input.rows; row++) {
    stated[row] = input.probabilities[row * input.classCount + classIndex]!;
    happened[row] = input.codes[row] === classIndex ? 1 : 0;
  }
  return { class: name, points: calibrationPoints({ stated, happened, weights: input.weights }) };
}

/** For the most probable class of each row. */
export function topCalibration(input: ClassInput): Calibration {
  const stated = new Float64Array(input.rows);
  const happened = new Uint8Array(input.rows);
  for (let row = 0; row < input.rows; row++) {
    const start = row * input.classCount;
    const best = indexOfLargest(input.probabilities, start, input.classCount);
    stated[row] = input.probabilities[start + best]!;
    happened[row] = input.codes[row] === best ? 1 : 0;
  }
  return { class: null, points: calibrationPoints({ stated, happened, weights: input.weights }) };
}

/** Bins of equal numbers of rows; equal probabilities stay together. Wilson's interval (1927) for the share. */
function calibrationPoints({ stated, happened, weights }: Claims): Calibration["points"] {
  const order = ascendingOrder(stated);
  const points: Calibration["points"] = [];
  for (let start = 0; start < order.length; ) {
    let end = Math.min(order.length, start + Math.ceil(order.length / BINS));
    while (end < order.length && stated[order[end]!] === stated[order[end - 1]!]) end++;
    points.push(binPoint(order.subarray(start, end), { stated, happened, weights }));
    start = end;
  }
  return points.filter((point) => Number.isFinite(point.predicted));
}

function binPoint(rows: Uint32Array, { stated, happened, weights }: Claims): Calibration["points"][number] {
  let total = 0;
  let squares = 0;
  let predicted = 0;
  let observed = 0;
  for (const row of rows) {
    const weight = weights ? weights[row]! : 1;
    total += weight;
    squares += weight * weight;
    predicted += weight * stated[row]!;
    observed += weight * happened[row]!;
  }
  const share = observed / total;
  // Kish's effective number of rows.
  const [low, high] = wilson(share, (total * total) / squares);
  return { predicted: predicted / total, observed: share, low, high, rows: rows.length };
}

/** 95 %; holds the share itself also where rounding would part them. */
export function wilson(share: number, rows: number): [number, number] {
  const centre = share + (Z * Z) / (2 * rows);
  const reach = Z * Math.sqrt((share * (1 - share)) / rows + (Z * Z) / (4 * rows * rows));
  const scale = 1 + (Z * Z) / rows;
  const low = Math.max(0, (centre - reach) / scale);
  const high = Math.min(1, (centre + reach) / scale);
  return [Math.min(share, low), Math.max(share, high)];
}
