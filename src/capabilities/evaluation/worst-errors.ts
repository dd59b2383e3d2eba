import type { WorstRow } from "../../foundation/contracts/evaluation.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import type { MetricInput } from "../../foundation/contracts/metric.js";
import { classInput, decidedClasses, valueInput } from "./metrics/inputs.js";
import { numberText, rowValues } from "./row-text.js";
import { rowImages } from "./thumbnails.js";

export interface WorstErrorOptions {
  readonly count: number;
  /** Row numbers in the dataset version; absent: positions. */
  readonly rowNumbers?: ArrayLike<number> | undefined;
  /** Raw columns of the same rows, shown with each error. */
  readonly features?: Frame | undefined;
}

/** The rows on which the model is most wrong, worst first; equals in the order of rows. */
export function worstErrors(input: MetricInput, options: WorstErrorOptions): WorstRow[] {
  const { target } = input;
  const describe =
    target.task === "regression" ? describeValues(input) : describeClasses(input, target.classes);
  return leading(describe.badness, options.count).map((row) => ({
    row: options.rowNumbers?.[row] ?? row,
    ...describe.row(row),
    values: rowValues(options.features, row),
    ...rowImages(options.features, row),
  }));
}

interface Description {
  /** Greater is worse. */
  readonly badness: Float64Array;
  readonly row: (row: number) => Pick<WorstRow, "actual" | "predicted" | "error">;
}

function describeValues(input: MetricInput): Description {
  const { actual, predicted } = valueInput(input);
  return {
    badness: actual.map((value, row) => Math.abs(value - predicted[row]!)),
    row: (row) => ({
      actual: numberText(actual[row]!),
      predicted: numberText(predicted[row]!),
      error: actual[row]! - predicted[row]!,
    }),
  };
}

function describeClasses(input: MetricInput, classes: readonly string[]): Description {
  const { rows, codes, classCount, probabilities } = classInput(input);
  const decided = decidedClasses(classInput(input));
  const given = Float64Array.from(
    { length: rows },
    (_, row) => probabilities[row * classCount + codes[row]!]!,
  );
  return {
    // Only decisions that are wrong are errors, however unsure a right one is.
    badness: given.map((share, row) => (decided[row] === codes[row] ? -1 : 1 - share)),
    row: (row) => ({ actual: classes[codes[row]!]!, predicted: classes[decided[row]!]!, error: given[row]! }),
  };
}

function leading(badness: Float64Array, count: number): number[] {
  const wrong = Array.from(badness.keys()).filter((row) => badness[row]! > 0);
  return wrong.sort((a, b) => badness[b]! - badness[a]! || a - b).slice(0, count);
}
