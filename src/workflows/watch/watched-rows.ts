import {
  type PredictionQuery,
  readPredictions,
} from "../../capabilities/monitoring/prediction-log/read-log.js";
import { gather } from "../../foundation/base/gather.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { type Column, createFrame, type Frame, takeRows } from "../../foundation/contracts/frame.js";
import type { UnknownClass } from "../../foundation/contracts/monitoring-store.js";
import type { Store } from "../../foundation/contracts/store.js";
import type { Predictions, Target } from "../../foundation/contracts/target.js";
import type { WorkflowContext } from "../context.js";
import { readTarget, takeKnown } from "../use/evaluate-model.js";
import type { OpenModel } from "../use/open-model.js";
import { answerable, openRows, type ReadingOptions, readInputs } from "../use/reading.js";
import { journalFolder } from "./prediction-log.js";
import { countUnknown, isNumber } from "./take-feedback.js";

/** Rows a model answered, with what is known of the truth. */
export interface WatchedRows {
  readonly source: string;
  readonly inputs: Frame;
  readonly predictions: Predictions;
  readonly redacted: readonly string[];
  /** Epoch milliseconds; absent where rows have no time. */
  readonly at?: Float64Array;
  /** Names of the predictions; absent where rows come from a file. */
  readonly ids?: readonly string[];
  /** Whom an experiment chose the version for; only where one was asked for. */
  readonly units?: readonly string[];
  readonly labels: Labels;
}

export interface Labels {
  /** Positions of the rows whose truth is known. */
  readonly rows: Int32Array;
  readonly target: Target;
  /** From prediction to label. */
  readonly delayMs: Float64Array;
  /** Classes that labels name and the version does not know. */
  readonly unknown: readonly UnknownClass[];
}

/**
 * Predictions from the log, joined with the feedback there is. Labels of rows that were chosen because they are
 * uncertain or unusual are left out unless `everyLabel`: they make any version look worse than it is.
 */
export async function loggedRows(
  manifest: Manifest,
  { everyLabel = false, ...query }: Omit<PredictionQuery, "manifest"> & { readonly everyLabel?: boolean },
  store: Store,
  context: WorkflowContext,
): Promise<WatchedRows> {
  const { blobs, monitoring, labels: queue, location } = store;
  const window = await readPredictions(
    { manifest, ...query },
    { folder: journalFolder(location), blobs, monitoring, threads: context.threads },
  );
  const feedback = await monitoring.feedbackFor(manifest.name, window.ids);
  const chosen = everyLabel ? new Set<string>() : await queue.chosenOnPurpose(manifest.name);
  const truths = window.ids.map((id) => (chosen.has(id) ? undefined : feedback.get(id)?.actual));
  const labels = labelsOf(manifest, truths);
  const delayMs = Float64Array.from(labels.rows, (row) =>
    Math.max(0, feedback.get(window.ids[row]!)!.observedAt - window.at[row]!),
  );
  const { inputs, predictions, at, redacted, ids, units } = window;
  return {
    ...{ source: "log", inputs, predictions, at, redacted, ids },
    ...(units ? { units } : {}),
    labels: { ...labels, delayMs, unknown: countUnknown(truths.filter(isKnown), manifest.outputs) },
  };
}

/** Rows of a file, answered now. */
export async function fileRows(
  { bundle }: OpenModel,
  source: string,
  reading: ReadingOptions,
  context: WorkflowContext,
): Promise<WatchedRows> {
  const { manifest } = bundle;
  const data = await openRows(source, reading, context);
  try {
    const read = await readInputs(data, manifest);
    const rows = answerable(
      read,
      Int32Array.from({ length: read.frame.rows }, (_, row) => row),
    );
    const inputs = rows.length === read.frame.rows ? read.frame : takeRows(read.frame, rows);
    const predictions: Predictions = await bundle.predictFrame(inputs);
    const known = data.table.columns.some(({ name }) => name === manifest.target);
    const labels = known ? placed(await readTarget(data.table, manifest), rows) : labelsOf(manifest, []);
    return {
      source: data.description,
      inputs,
      predictions,
      redacted: [],
      // A file of labelled rows is read by the classes of the model.
      labels: { ...labels, delayMs: new Float64Array(0), unknown: [] },
    };
  } finally {
    await data.close();
  }
}

/** Labels of rows of the table as those of the rows that are kept of it. */
function placed(
  known: { readonly target: Target; readonly rows: Int32Array },
  kept: Int32Array,
): { rows: Int32Array; target: Target } {
  const positions = new Map(Array.from(kept, (row, position) => [row, position]));
  const rows = known.rows.filter((row) => positions.has(row));
  return { rows: rows.map((row) => positions.get(row)!), target: takeKnown(known, rows) };
}

const isKnown = (truth: string | undefined): truth is string => truth !== undefined;

/** Truths that are no value of the target count as unknown. */
function labelsOf(
  { outputs }: Manifest,
  truths: readonly (string | undefined)[],
): { rows: Int32Array; target: Target } {
  if (outputs.kind === "classes") {
    const codeOf = new Map(outputs.classes.map((name, code) => [name, code]));
    const rows = Int32Array.from(
      [...truths.keys()].filter((row) => truths[row] !== undefined && codeOf.has(truths[row])),
    );
    const codes = Int32Array.from(rows, (row) => codeOf.get(truths[row]!)!);
    const { classes } = outputs;
    return { rows, target: { task: classes.length === 2 ? "binary" : "multiclass", codes, classes } };
  }
  const numbers = truths.map((truth) =>
    truth !== undefined && isNumber(truth) ? Number(truth) : Number.NaN,
  );
  const rows = Int32Array.from([...numbers.keys()].filter((row) => Number.isFinite(numbers[row])));
  return {
    rows,
    target: { task: "regression", values: gather(numbers, rows) },
  };
}

/** Rows of predictions, in the given order. */
export function takePredicted(predictions: Predictions, rows: ArrayLike<number>): Predictions {
  const width = predictions.kind === "probabilities" ? predictions.classes : 1;
  const values = new Float64Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i]! * width;
    values.set(predictions.values.subarray(start, start + width), i * width);
  }
  return { ...predictions, values };
}

/** As columns that drift is measured on: of two classes the positive one, else one a class. */
export function predictionFrame(predictions: Predictions, { outputs }: Manifest): Frame {
  if (predictions.kind === "values" || outputs.kind !== "classes") {
    return createFrame([["prediction", { kind: "number", values: predictions.values }]]);
  }
  const { values, classes } = predictions;
  const names = outputs.classes;
  const shown = names.length === 2 ? [1] : Array.from(names.keys());
  return createFrame(
    shown.map((code): [string, Column] => {
      const column = Float64Array.from({ length: values.length / classes }, (_, row) => {
        return values[row * classes + code]!;
      });
      return [`probability of ${names[code]}`, { kind: "number", values: column }];
    }),
  );
}

/** At most so many rows, spread over all. */
export function spread(rows: number, most: number): Int32Array {
  const step = Math.max(1, rows / most);
  return Int32Array.from({ length: Math.min(rows, most) }, (_, index) => Math.floor(index * step));
}

export function takeWatched(frame: Frame, most: number): Frame {
  return frame.rows <= most ? frame : takeRows(frame, spread(frame.rows, most));
}
