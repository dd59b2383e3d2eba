/** What a model answers for one row. */
import type { StructuredAnswer } from "./structured-answers.js";
import type { Predictions } from "./target.js";
import type { Tensor } from "./tensor.js";

export interface ClassPrediction {
  readonly label: string;
  /** By label, in the order of the classes; 0..1, summing to 1 within float32. */
  readonly probabilities: Readonly<Record<string, number>>;
}
/** In the target's own unit. */
export interface ValuePrediction {
  readonly prediction: number;
  /** Lower and upper end of an interval that holds the truth as often as the manifest says. */
  readonly interval?: readonly [number, number];
}
/** Of a row of a table: a class or a number. */
export type TabularPrediction = ClassPrediction | ValuePrediction;
export type Prediction = TabularPrediction | StructuredAnswer;

/** Columns of answers: `Predictions` with the label the graph chose for each row. */
export type PredictionColumns = Predictions & {
  readonly labels?: readonly string[];
  /** Of values, where the model gives them. */
  readonly ends?: { readonly low: Float64Array; readonly high: Float64Array };
};

/** One object a row. `classes` names the probability columns. */
export function toPredictionRows(
  columns: PredictionColumns,
  classes: readonly string[],
): TabularPrediction[] {
  const { values, labels = [], ends } = columns;
  if (columns.kind === "values") {
    return Array.from(values, (prediction, row) => ({
      prediction,
      ...(ends ? { interval: [ends.low[row]!, ends.high[row]!] as const } : {}),
    }));
  }
  return labels.map((label, row) => ({
    label,
    probabilities: probabilitiesOf(classes, values, row * classes.length),
  }));
}

/** Its objects inherit nothing, as a class may be called `__proto__`, and yet have a shape that engines optimise. */
class Bare {
  [label: string]: number;
}
Object.setPrototypeOf(Bare.prototype, null);
Reflect.deleteProperty(Bare.prototype, "constructor");

/** By class, from `values[start]` on. */
export function probabilitiesOf(
  classes: readonly string[],
  values: ArrayLike<number>,
  start = 0,
): Readonly<Record<string, number>> {
  const probabilities = new Bare();
  for (let k = 0; k < classes.length; k++) probabilities[classes[k]!] = values[start + k]!;
  return probabilities;
}

/** A row as it arrives: column name to whatever JSON or a reader holds. */
export type Row = Readonly<Record<string, unknown>>;

/** Largest difference the parity gate and the sample check accept, on the scale of `predictionDistance`. */
export const PARITY_LIMIT = 1e-5;

/**
 * Distance of two predicted numbers relative to the larger of `scale` and the expected value. Equal non-finite values
 * have distance 0, otherwise infinite distance. `scale` 1 suits probabilities, `valueScale` values with a unit.
 */
export function predictionDistance(actual: number, expected: number, scale = 1): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const distance = Math.abs(actual - expected) / Math.max(scale, Math.abs(expected));
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

/**
 * The size of the largest finite value; 1 where there is none but 0. A sum in float32, as that of thousands of leaves, is
 * off by rounding in proportion to the largest sum on its way, whatever it comes to: a value near 0 is no more exact.
 */
export function valueScale(values: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < values.length; index++) {
    const size = Math.abs(values[index]!);
    if (size > largest && size < Number.POSITIVE_INFINITY) largest = size;
  }
  return largest || 1;
}

export interface OutputComparison {
  readonly rows: number;
  /** On the scale of `predictionDistance`. */
  readonly maxAbsDiff: number;
  /** The row with the largest difference; -1 when there are no rows. */
  readonly worstRow: number;
}

/**
 * Compares output tensors, row by row in the first dimension: float tensors on the scale of `predictionDistance`, others must
 * be equal. A tensor that is missing or of another shape is infinitely far.
 */
export function compareTensors(
  actual: Readonly<Record<string, Tensor>>,
  expected: Readonly<Record<string, Tensor>>,
): OutputComparison {
  let found: OutputComparison = { rows: 0, maxAbsDiff: 0, worstRow: -1 };
  for (const [name, { shape, data }] of Object.entries(expected)) {
    const rows = shape[0] ?? 0;
    const other = actual[name];
    found = { ...found, rows, worstRow: rows > 0 ? Math.max(0, found.worstRow) : -1 };
    if (other?.shape.join() !== shape.join()) {
      return { ...found, maxAbsDiff: Number.POSITIVE_INFINITY };
    }
    const width = rows === 0 ? 1 : data.length / rows;
    for (let index = 0; index < data.length; index++) {
      const [given, wanted] = [other.data[index]!, data[index]!];
      const distance =
        typeof given === "number" && typeof wanted === "number"
          ? predictionDistance(given, wanted)
          : given === wanted
            ? 0
            : Number.POSITIVE_INFINITY;
      if (distance > found.maxAbsDiff) {
        found = { rows, maxAbsDiff: distance, worstRow: Math.floor(index / width) };
      }
    }
  }
  return found;
}

/** Compares what the training-time pipeline predicted with what the exported model answers. */
export function compareOutputs(actual: Predictions, expected: Predictions): OutputComparison {
  const width = expected.kind === "probabilities" ? expected.classes : 1;
  const rows = expected.values.length / width;
  if (actual.kind !== expected.kind || actual.values.length !== expected.values.length) {
    return { rows, maxAbsDiff: Number.POSITIVE_INFINITY, worstRow: rows > 0 ? 0 : -1 };
  }
  const scale = expected.kind === "probabilities" ? 1 : valueScale(expected.values);
  let maxAbsDiff = 0;
  let worst = rows > 0 ? 0 : -width;
  for (let index = 0; index < expected.values.length; index++) {
    const distance = predictionDistance(actual.values[index]!, expected.values[index]!, scale);
    if (distance > maxAbsDiff) {
      maxAbsDiff = distance;
      worst = index;
    }
  }
  return { rows, maxAbsDiff, worstRow: Math.floor(worst / width) };
}
