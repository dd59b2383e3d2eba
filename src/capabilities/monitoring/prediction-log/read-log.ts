import { openTable, readFrame, type Table } from "../../../engines/table/index.js";
import { listJournals } from "../../../foundation/base/journal.js";
import { withPrivateFolder } from "../../../foundation/base/private-folder.js";
import type { Manifest } from "../../../foundation/contracts/bundle.js";
import type { ColumnSchema } from "../../../foundation/contracts/column.js";
import { createFrame, type Frame, takeRows } from "../../../foundation/contracts/frame.js";
import type { MonitoringStore, PredictionSegment } from "../../../foundation/contracts/monitoring-store.js";
import type { LoggedPrediction, PredictionRole } from "../../../foundation/contracts/prediction-log.js";
import type { BlobStore } from "../../../foundation/contracts/store.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import { loggedColumn } from "./logged-cell.js";
import {
  inputField,
  probabilityField,
  readPredictionJournal,
  readPurpose,
  writePredictions,
} from "./segments.js";

export interface ReadLogOptions {
  /** Of the journals. */
  readonly folder: string;
  readonly blobs: Pick<BlobStore, "localFile">;
  readonly monitoring: Pick<MonitoringStore, "segments">;
  readonly threads: number;
}

export interface PredictionQuery {
  /** Of the version whose predictions are wanted. */
  readonly manifest: Manifest;
  /** `from` <= time < `to`, epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly role?: PredictionRole;
  /** Only what this experiment or bandit chose the version for. */
  readonly experiment?: string;
  /** Default true; without them reading takes less. */
  readonly withInputs?: boolean;
  /** The newest ones. Default 200,000. */
  readonly maximumRows?: number;
}

/** Predictions of one version, oldest first. */
export interface PredictionWindow {
  readonly rows: number;
  readonly ids: readonly string[];
  readonly at: Float64Array;
  readonly predictions: Predictions;
  /** As the model saw them, without what is redacted. */
  readonly inputs: Frame;
  readonly redacted: readonly string[];
  /** Whom the version was chosen for, one a row; only where an experiment was asked for. */
  readonly units?: readonly string[];
}

const MAXIMUM_ROWS = 200_000;

/** Everything acknowledged, sealed or not. @throws QuernError STORE_DAMAGED when a segment is lost */
export async function readPredictions(
  query: PredictionQuery,
  options: ReadLogOptions,
): Promise<PredictionWindow> {
  const { manifest, from, to } = query;
  const { name: model, version } = manifest;
  // Journals first: one that is sealed meanwhile is then found in both places, not in neither.
  const pending = pendingPredictions(query, options.folder);
  const listed = await options.monitoring.segments({ model, version, from, to });
  const sealed = listed.filter(({ source }) => !pending.sources.has(source));
  const wanted = query.maximumRows ?? MAXIMUM_ROWS;
  // Segments hold rows of other purposes too: how many of them are wanted is known once they are read.
  for (let rows = wanted; ; rows *= 4) {
    const segments = newest(sealed, rows);
    const window = await readSegments(segments, pending, query, options);
    if (window.rows >= wanted || segments.length === sealed.length) return window;
  }
}

async function readSegments(
  segments: readonly PredictionSegment[],
  pending: Pending,
  query: PredictionQuery,
  options: ReadLogOptions,
): Promise<PredictionWindow> {
  const redacted = [
    ...new Set([...segments, ...pending.predictions].flatMap(({ redacted = [] }) => redacted)),
  ];
  if (segments.length === 0 && pending.predictions.length === 0) return emptyWindow(query.manifest);
  const files: string[] = [];
  for (const { blob } of segments) files.push(await options.blobs.localFile(blob));
  return withPrivateFolder("predictions", async (folder) => {
    if (pending.predictions.length > 0)
      files.push(await writePredictions(pending.predictions, folder, options.threads));
    const table = await openTable(
      { format: "parquet", files: files.map((path) => ({ path })) },
      { threads: options.threads },
    );
    try {
      return await readWindow(table, query, redacted);
    } finally {
      await table.close();
    }
  });
}

interface Pending {
  readonly predictions: readonly LoggedPrediction[];
  /** Journals they come from. */
  readonly sources: ReadonlySet<string>;
}

function pendingPredictions({ manifest, from, to }: PredictionQuery, folder: string): Pending {
  const predictions: LoggedPrediction[] = [];
  const sources = new Set<string>();
  for (const journal of listJournals(folder)) {
    const found = readPredictionJournal(journal).predictions;
    if (found.length > 0) sources.add(journal.name);
    for (const prediction of found) {
      const { model, version, at } = prediction;
      if (model === manifest.name && version === manifest.version && at >= from && at < to)
        predictions.push(prediction);
    }
  }
  return { predictions, sources };
}

/** As many of the newest as hold the rows wanted. */
function newest(segments: readonly PredictionSegment[], rows: number): PredictionSegment[] {
  const chosen: PredictionSegment[] = [];
  let held = 0;
  for (const segment of segments.toSorted((a, b) => b.lastAt - a.lastAt)) {
    if (held >= rows) break;
    chosen.push(segment);
    held += segment.rows;
  }
  return chosen;
}

async function readWindow(
  table: Table,
  query: PredictionQuery,
  redacted: readonly string[],
): Promise<PredictionWindow> {
  const { manifest, from, to, role = "live", maximumRows = MAXIMUM_ROWS, experiment } = query;
  const { outputs } = manifest;
  const classes = outputs.kind === "classes" ? outputs.classes.length : 0;
  const number = (name: string): ColumnSchema => ({ name, kind: "number", precision: "float64", reason: "" });
  const wanted = query.withInputs === false ? [] : manifest.inputs;
  const kept = wanted.filter(({ column }) => !redacted.includes(column.name));
  const frame = await readFrame(table, [
    { name: "id", kind: "id", reason: "" },
    { name: "role", kind: "id", reason: "" },
    number("at"),
    ...(classes === 0 ? [number("answer")] : []),
    ...Array.from({ length: classes }, (_, k) => number(probabilityField(k))),
    ...kept.map((input) => loggedColumn(input, inputField(manifest.inputs.indexOf(input)))),
  ]);
  const at = numbersOf(frame, "at");
  const purposes = textsOf(frame, "role").map(readPurpose);
  const asked = (row: number): boolean =>
    purposes[row]!.role === role && (experiment === undefined || purposes[row]!.experiment === experiment);
  const rows = Array.from(at.keys())
    .filter((row) => asked(row) && at[row]! >= from && at[row]! < to)
    .sort((a, b) => at[a]! - at[b]! || a - b)
    .slice(-maximumRows);
  const chosen = takeRows(frame, rows);
  return {
    rows: rows.length,
    ids: textsOf(chosen, "id"),
    at: numbersOf(chosen, "at"),
    predictions: predictionsOf(chosen, classes),
    inputs: createFrame(
      kept.map((input) => [
        input.column.name,
        chosen.columns.get(inputField(manifest.inputs.indexOf(input)))!,
      ]),
      rows.length,
    ),
    redacted,
    ...(experiment === undefined ? {} : { units: rows.map((row) => purposes[row]!.unit!) }),
  };
}

function predictionsOf(frame: Frame, classes: number): Predictions {
  if (classes === 0) return { kind: "values", values: numbersOf(frame, "answer") };
  const values = new Float64Array(frame.rows * classes);
  for (let k = 0; k < classes; k++) {
    const column = numbersOf(frame, probabilityField(k));
    for (let row = 0; row < frame.rows; row++) values[row * classes + k] = column[row]!;
  }
  return { kind: "probabilities", values, classes };
}

function numbersOf(frame: Frame, name: string): Float64Array {
  const column = frame.columns.get(name);
  if (column?.kind !== "number") throw new Error(`The log has no numbers ${name}.`);
  return Float64Array.from(column.values);
}

function textsOf(frame: Frame, name: string): readonly string[] {
  const column = frame.columns.get(name);
  if (column?.kind !== "id") throw new Error(`The log has no texts ${name}.`);
  return column.values;
}

function emptyWindow({ outputs }: Manifest): PredictionWindow {
  const values = new Float64Array(0);
  const predictions: Predictions =
    outputs.kind === "classes"
      ? { kind: "probabilities", values, classes: outputs.classes.length }
      : { kind: "values", values };
  return {
    rows: 0,
    ids: [],
    at: new Float64Array(0),
    predictions,
    inputs: createFrame([], 0),
    redacted: [],
  };
}
