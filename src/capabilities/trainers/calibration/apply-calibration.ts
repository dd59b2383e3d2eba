import type { Predictions } from "../../../foundation/contracts/target.js";
import { binaryProbabilities, softmaxRows } from "../numeric/links.js";
import type { CalibrationMap } from "./calibration-state.js";
import { interpolate } from "./isotonic.js";
import { smoothedLogits, smoothedLogs } from "./smoothed-logs.js";

/** Values pass unchanged; rows of probabilities still sum to 1. */
export function applyCalibration(predictions: Predictions, map: CalibrationMap): Predictions {
  if (predictions.kind === "values" || map.method === "none") return predictions;
  const { values, classes } = predictions;
  switch (map.method) {
    case "platt": {
      const logits = smoothedLogits(values).map((logit) => map.slope * logit + map.offset);
      return { ...predictions, values: binaryProbabilities(logits) };
    }
    case "temperature": {
      const logs = smoothedLogs(values).map((log) => map.sharpness * log);
      return { ...predictions, values: raiseToFloor(softmaxRows(logs, classes), classes, map.floor ?? 0) };
    }
    case "isotonic":
      return {
        ...predictions,
        values:
          classes === 2
            ? isotonicBinary(values, (p) => interpolate(map.maps[0]!, p))
            : isotonicRows(values, classes, (k, p) => interpolate(map.maps[k]!, p)),
      };
  }
}

function raiseToFloor(values: Float64Array, classes: number, floor: number): Float64Array {
  return floor > 0 ? values.map((value) => value * (1 - classes * floor) + floor) : values;
}

function isotonicBinary(values: Float64Array, map: (probability: number) => number): Float64Array {
  const result = new Float64Array(values.length);
  for (let base = 0; base < values.length; base += 2) {
    const positive = map(values[base + 1]!);
    result[base] = 1 - positive;
    result[base + 1] = positive;
  }
  return result;
}

function isotonicRows(
  values: Float64Array,
  classes: number,
  map: (code: number, probability: number) => number,
): Float64Array {
  const result = new Float64Array(values.length);
  for (let base = 0; base < values.length; base += classes) {
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      const value = map(k, values[base + k]!);
      result[base + k] = value;
      sum += value;
    }
    for (let k = 0; k < classes; k++) result[base + k]! /= sum;
  }
  return result;
}
