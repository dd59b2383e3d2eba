import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import {
  type CategoryColumn,
  type Column,
  createFrame,
  type Frame,
} from "../../../foundation/contracts/frame.js";
import type { Target } from "../../../foundation/contracts/target.js";
import { defineTransform, type TransformContext } from "../../../foundation/contracts/transform.js";
import { categoryColumn, lookupTable } from "../shared/categories.js";
import { indexStrings, mapStrings } from "../shared/emission.js";

const config = z.strictObject({
  smoothing: z
    .union([z.number().min(0), z.literal("auto"), z.null()])
    .default(10)
    .register(fields, {
      title: "Smoothing",
      unit: "rows",
      help: "So many rows of the overall mean are mixed into each category. auto: as many as the variance within categories is times that between them; null: by each category's own variance, which trusts a category of one row.",
    }),
  folds: z
    .number()
    .int()
    .min(2)
    .max(50)
    .default(5)
    .register(fields, { title: "Folds", help: "Training rows are encoded by the other folds' targets." }),
});
type Config = z.infer<typeof config>;

interface TargetState {
  /** Names of the encoded classes; empty for one number (regression, or the positive class). */
  readonly classes: readonly string[];
  readonly columns: readonly {
    /** "" stands for missing. */
    readonly categories: readonly string[];
    /** Row-major: a row for each category and a last one for values never seen. */
    readonly values: Float64Array;
  }[];
}

/**
 * The mean of the target in a category, shrunk towards the overall mean (D. Micci-Barreca, 2001; smoothing
 * as in scikit-learn's TargetEncoder): `city.target`, one column for each class where there are more than two.
 */
export const targetEncode = defineTransform<typeof config, TargetState>({
  id: "target-encode",
  version: 1,
  summary:
    "Replaces a category by the mean target of its training rows; out of fold for those rows themselves.",
  config,
  accepts: ["category"],
  needsTarget: true,
  fit(frame, settings, context) {
    const { outputs, classes } = targetOutputs(context);
    const columns = [...frame.columns].map(([name, column]) => {
      const source = categoryColumn(name, column);
      const statistics = outputs.map((values) => new Statistics(source, values));
      const seen = Array.from(statistics[0]!.rows.keys()).filter((slot) => statistics[0]!.rows[slot]! > 0);
      const encodings = statistics.map((own) => own.encode(settings.smoothing));
      const means = statistics.map((own) => own.mean);
      return {
        categories: seen.map((slot) => (slot === 0 ? "" : source.dictionary[slot - 1]!)),
        values: Float64Array.from([...seen.flatMap((slot) => encodings.map((own) => own[slot]!)), ...means]),
      };
    });
    return { classes, columns };
  },
  apply(frame, { classes, columns }) {
    const width = Math.max(1, classes.length);
    const encoded = [...frame.columns].map(([name, column], k) => {
      const source = categoryColumn(name, column);
      const { categories, values } = columns[k]!;
      const index = new Map(categories.map((category, position) => [category, position]));
      const unseen = categories.length;
      const rows = lookupTable(source, index, unseen, index.get("") ?? unseen);
      const result = new Float32Array(frame.rows * width);
      for (let row = 0; row < frame.rows; row++) {
        const start = rows[source.codes[row]! + 1]! * width;
        for (let k = 0; k < width; k++) result[row * width + k] = values[start + k]!;
      }
      return encodedColumn(name, result, classes);
    });
    return createFrame(encoded, frame.rows);
  },
  applyToTraining: (frame, { classes }, settings, context) =>
    encodeOutOfFold(frame, classes, settings, context),
  emit: (graph, inputs, { classes, columns }) =>
    inputs.map((input, k) => {
      const { categories, values } = columns[k]!;
      const name = `${input.name}.target`;
      if (classes.length === 0) {
        const value = mapStrings(graph, input.value, categories, values.subarray(0, -1), values.at(-1)!);
        return { name, kind: "number" as const, value };
      }
      const table = graph.constant(
        "float32",
        [categories.length + 1, classes.length],
        Float32Array.from(values),
      );
      const row = graph.op("Squeeze", [
        indexStrings(graph, input.value, categories, categories.length),
        graph.constant("int64", [1], [1]),
      ]);
      return { name, kind: "vector" as const, value: graph.op("Gather", [table, row]) };
    }),
});

function encodedColumn(name: string, values: Float32Array, classes: readonly string[]): [string, Column] {
  const label = `${name}.target`;
  if (classes.length === 0) return [label, { kind: "number", values }];
  const names = classes.map((value) => `${label}=${value}`);
  return [label, { kind: "vector", values, width: classes.length, names }];
}

/** One array of numbers to average for each output: the target itself, or an indicator for each class. */
function targetOutputs({ target }: TransformContext): {
  outputs: Float64Array[];
  classes: readonly string[];
} {
  if (!target) throw new Error("Target encoding needs a target.");
  if (target.task === "regression") return { outputs: [target.values], classes: [] };
  const indicator = (code: number) => Float64Array.from(target.codes, (own) => (own === code ? 1 : 0));
  if (target.task === "binary") return { outputs: [indicator(1)], classes: [] };
  return { outputs: target.classes.map((_, code) => indicator(code)), classes: target.classes };
}

/** Count, sum and sum of squares of an output by category; slot 0 is missing, slot c + 1 is code c. */
class Statistics {
  readonly rows: Float64Array;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  /** Subtracted from each value, so that squares lose no digits. */
  readonly #shift: number;
  #count = 0;

  constructor(column: CategoryColumn, values: Float64Array, uses: (row: number) => boolean = () => true) {
    const slots = column.dictionary.length + 1;
    this.rows = new Float64Array(slots);
    this.#sums = new Float64Array(slots);
    this.#squares = new Float64Array(slots);
    this.#shift = values[0] ?? 0;
    for (let row = 0; row < values.length; row++) {
      if (!uses(row)) continue;
      const slot = column.codes[row]! + 1;
      const value = values[row]! - this.#shift;
      this.rows[slot]!++;
      this.#sums[slot]! += value;
      this.#squares[slot]! += value * value;
      this.#count++;
    }
  }

  get mean(): number {
    return this.#shift + this.#shiftedMean;
  }

  get #shiftedMean(): number {
    return this.#count === 0 ? 0 : sum(this.#sums) / this.#count;
  }

  encode(smoothing: Config["smoothing"]): Float64Array {
    const overall = this.#shiftedMean;
    const variance = Math.max(0, sum(this.#squares) / this.#count - overall * overall);
    const mixed = smoothing === "auto" ? this.#rowsToMix(overall, variance) : smoothing;
    const shrunk = this.rows.map((rows, slot) => {
      // Without rows, or where categories do not differ at all.
      if (rows === 0 || mixed === Number.POSITIVE_INFINITY) return overall;
      if (mixed !== null) return (this.#sums[slot]! + mixed * overall) / (rows + mixed);
      const own = this.#sums[slot]! / rows;
      const spread = Math.max(0, this.#squares[slot]! / rows - own * own);
      const weight = (variance * rows) / (variance * rows + spread);
      return variance === 0 || Number.isNaN(weight) ? overall : weight * own + (1 - weight) * overall;
    });
    return shrunk.map((value) => value + this.#shift);
  }

  /**
   * The variance within categories over that between them, which Micci-Barreca mixes by. The mean product of two rows
   * of a category is the square of what its rows have in common, whatever their noise.
   */
  #rowsToMix(overall: number, variance: number): number {
    let products = 0;
    let repeated = 0;
    for (const [slot, rows] of this.rows.entries()) {
      if (rows < 2) continue;
      const centred = this.#sums[slot]! - rows * overall;
      const squares = this.#squares[slot]! - overall * (2 * this.#sums[slot]! - rows * overall);
      products += (centred * centred - squares) / (rows - 1);
      repeated += rows;
    }
    const between = repeated > 0 ? products / repeated : 0;
    return between > 0 ? Math.max(0, variance - between) / between : Number.POSITIVE_INFINITY;
  }
}

function encodeOutOfFold(
  frame: Frame,
  classes: readonly string[],
  { folds, smoothing }: Config,
  context: TransformContext,
): Frame {
  const { outputs } = targetOutputs(context);
  const fold = foldOfRows(frame.rows, folds, context.target!, context);
  const width = outputs.length;
  const encoded = [...frame.columns].map(([name, column]) => {
    const source = categoryColumn(name, column);
    const result = new Float32Array(frame.rows * width);
    for (const [k, values] of outputs.entries()) {
      for (let own = 0; own < folds; own++) {
        const encoding = new Statistics(source, values, (row) => fold[row] !== own).encode(smoothing);
        for (let row = 0; row < frame.rows; row++) {
          if (fold[row] === own) result[row * width + k] = encoding[source.codes[row]! + 1]!;
        }
      }
    }
    return encodedColumn(name, result, classes);
  });
  return createFrame(encoded, frame.rows);
}

/** Random folds of even size; within each class where there are classes. */
function foldOfRows(rows: number, folds: number, target: Target, context: TransformContext): Int32Array {
  const order = context.random.fork("folds").permutation(rows);
  if (target.task !== "regression") order.sort((a, b) => target.codes[a]! - target.codes[b]!);
  const fold = new Int32Array(rows);
  for (const [place, row] of order.entries()) fold[row] = place % folds;
  return fold;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
