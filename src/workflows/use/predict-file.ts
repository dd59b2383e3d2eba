import type { LoadedBundle } from "../../capabilities/bundles/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { hashValue } from "../../foundation/base/hash.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";
import { hasImages, pictureSizeOf } from "../../foundation/contracts/image-cells.js";
import { hasStructure, type StructuredAnswer } from "../../foundation/contracts/structured-answers.js";
import { throwIfAborted, type WorkflowContext, type WorkflowOptions, workflowContext } from "../context.js";
import type { PictureFailure } from "../load/images.js";
import type { OpenedData } from "../load/open-data.js";
import { withModel } from "./open-model.js";
import { PredictionProgress } from "./prediction-progress.js";
import { type Cell, createPredictionWriter, outputTarget, UnansweredRow } from "./prediction-writer.js";
import {
  failureText,
  idColumn,
  openRows,
  type ReadInputs,
  type ReadingOptions,
  readIds,
  readInputs,
} from "./reading.js";

export interface PredictFileRequest {
  readonly model: string;
  readonly source: string;
  /** .csv, .jsonl or .parquet. */
  readonly out: string;
  readonly reading?: ReadingOptions;
  /** Prefixes CSV texts that a spreadsheet would run as a formula. */
  readonly escapeFormulas?: boolean;
  /** Also writes `prediction_low` and `prediction_high`, where the model has intervals. */
  readonly interval?: boolean;
  /** Goes on where an earlier run of the same request was stopped or killed. */
  readonly resume?: boolean;
  /** Rows computed at a time: bounds memory, and what is lost when the process is killed. Default 50,000. */
  readonly chunkRows?: number;
}

export interface PredictFileResult {
  readonly model: string;
  readonly version: number;
  readonly rows: number;
  /** Rows without an answer; the column `error` says why. */
  readonly failed: number;
  readonly output: string;
  /** What the reading of the rows left out or assumed. */
  readonly notes: readonly string[];
}

/** Bounds the memory of a prediction, whatever the size of the file. */
const CHUNK_ROWS = 50_000;
const CHUNK_BYTES = 256 * 2 ** 20;

/** At most the wished chunk, fewer where images fill the memory. */
function rowsInBytes({ inputs }: Manifest, bytes: number, wished: number): number {
  const pixels = inputs
    .filter(({ column }) => column.kind === "image")
    .reduce((sum, { column }) => {
      const { height, width, channels } = pictureSizeOf(column);
      return sum + height * width * channels;
    }, 0);
  return pixels === 0 ? wished : Math.max(1, Math.min(wished, Math.floor(bytes / pixels)));
}

/**
 * One row out per row in, in order: the id where there is one, `prediction`, and `probability_<label>` for each label. A
 * prediction with a structure is JSON: as a text, in JSON Lines as it is. Of models that read pictures, a column `error` says
 * why a row has no prediction: its picture cannot be read, or is not there. The output appears when it is whole; until then
 * what is done lies beside it, durable after each chunk.
 * @throws QuernError UNSUPPORTED when intervals are wanted of a model that has none; INTERRUPTED, and then `resume` goes on
 */
export function predictFile(
  request: PredictFileRequest,
  options: WorkflowOptions = {},
): Promise<PredictFileResult> {
  const context = workflowContext(options);
  return withModel(request.model, context, options, async ({ bundle }) => {
    if (request.interval) checkIntervals(bundle.manifest);
    const target = outputTarget(request.out, context.folder);
    const data = await openRows(request.source, request.reading ?? {}, context);
    try {
      return await predictRows(bundle, data, target, request, context);
    } finally {
      await data.close();
    }
  });
}

async function predictRows(
  bundle: LoadedBundle,
  data: OpenedData,
  target: string,
  request: PredictFileRequest,
  context: WorkflowContext,
): Promise<PredictFileResult> {
  const { manifest } = bundle;
  const { rows } = data.table;
  const { interval = false, escapeFormulas = false, resume = false } = request;
  const chunkRows = rowsInBytes(manifest, CHUNK_BYTES, request.chunkRows ?? CHUNK_ROWS);
  const id = idColumn(manifest, data.table);
  // What fits one chunk is done anew rather than kept.
  const progress =
    rows <= chunkRows
      ? undefined
      : new PredictionProgress(target, await identityOf(manifest, data, { interval, escapeFormulas }));
  const written = progress?.takeOver(resume);
  const writer = createPredictionWriter(target, {
    ...{ id, classes: classesOf(manifest), table: data.table, interval, escapeFormulas, written },
    errors: hasImages(manifest),
    prediction:
      manifest.outputs.kind === "value" ? "number" : hasStructure(manifest.outputs) ? "json" : "text",
  });
  const started = context.clock.elapsed();
  let first: PictureFailure | undefined;
  try {
    for (let start = written?.rows ?? 0; start < rows; start += chunkRows) {
      throwIfAborted(context.signal);
      const range = { start, end: start + chunkRows };
      const read = await readInputs(data, manifest, range);
      const ids = id === undefined ? undefined : await readIds(data.table, id, range);
      await writer.write(await answeredRows(bundle, read, interval), ids);
      first ??= read.failures.map((failure) => ({ ...failure, row: start + failure.row }))[0];
      progress?.save(writer.flush());
      const done = Math.min(start + chunkRows, rows);
      const elapsedMs = context.clock.elapsed() - started;
      context.onEvent({ run: "", stage: "predict", done, total: rows, elapsedMs });
    }
    const { failed } = writer.flush();
    if (first && failed === rows) throw noneAnswered(first, rows);
    const output = await writer.finish();
    progress?.remove();
    const notes = data.table.notes.map(({ message }) => message);
    return { model: manifest.name, version: manifest.version, rows, failed, output, notes };
  } catch (failure) {
    if (progress && context.signal.aborted) {
      progress.save(writer.flush());
      writer.close();
    } else {
      writer.discard();
      progress?.remove();
    }
    throw failure;
  }
}

/** Names what is predicted by what, down to each cell in its place: other answers are never joined to those written. */
async function identityOf(
  { sha256 }: Manifest,
  { table }: OpenedData,
  options: Readonly<Record<string, boolean>>,
): Promise<string> {
  const [row] = await table.query("SELECT CAST(bit_xor(hash(data)) AS VARCHAR) AS content FROM data");
  const columns = table.columns.map(({ name }) => name);
  return hashValue({ model: sha256, rows: table.rows, content: String(row?.content), columns, ...options });
}

/** What has a probability of its own. */
const classesOf = ({ outputs }: Manifest): readonly string[] => {
  if (outputs.kind === "classes") return outputs.classes;
  return outputs.kind === "labels" ? outputs.labels : [];
};

function noneAnswered(first: PictureFailure, rows: number): QuernError {
  const { row, column } = first;
  return new QuernError(
    "PREDICTION_INPUT",
    `None of the ${rows} rows can be answered. Row ${row + 1}, column ${JSON.stringify(column)}: ${failureText(first)}.`,
    {
      details: { row, column, rows },
      hint: "Give JPEG, PNG, WebP or GIF files inside the folder of the table.",
    },
  );
}

/** An answer or its lack for each row that was read. */
async function answeredRows(
  bundle: LoadedBundle,
  { frame, failures }: ReadInputs,
  interval: boolean,
): Promise<(Cell[] | UnansweredRow)[]> {
  if (failures.length === 0) return predictionRows(bundle, frame, interval);
  const reasons = new Map(failures.map((failure) => [failure.row, failureText(failure)]));
  const rows = Array.from({ length: frame.rows }, (_, row) => row).filter((row) => !reasons.has(row));
  const answers = rows.length > 0 ? await predictionRows(bundle, takeRows(frame, rows), interval) : [];
  const answered = new Map(rows.map((row, position) => [row, answers[position]!]));
  return Array.from(
    { length: frame.rows },
    (_, row) => answered.get(row) ?? new UnansweredRow(reasons.get(row)!),
  );
}

/** `prediction`, then the probabilities or the ends of the interval, for each row. */
async function predictionRows(
  { manifest: { outputs }, answerFrame, predictFrame }: LoadedBundle,
  inputs: Frame,
  interval: boolean,
): Promise<Cell[][]> {
  if (hasStructure(outputs)) {
    const answers = (await answerFrame(inputs)) as StructuredAnswer[];
    return answers.map((answer) => structureCells(answer, outputs.kind === "labels" ? outputs.labels : []));
  }
  const { values, labels, ends } = await predictFrame(inputs);
  const width = outputs.kind === "classes" ? outputs.classes.length : 0;
  return Array.from({ length: inputs.rows }, (_, row): Cell[] =>
    width === 0
      ? [values[row]!, ...(interval ? [ends!.low[row]!, ends!.high[row]!] : [])]
      : [labels![row]!, ...values.subarray(row * width, (row + 1) * width)],
  );
}

function structureCells(answer: StructuredAnswer, labels: readonly string[]): Cell[] {
  if ("labels" in answer) return [answer.labels, ...labels.map((label) => answer.probabilities[label]!)];
  if ("entities" in answer) return [answer.entities];
  if ("boxes" in answer) return [answer.boxes];
  return ["mask" in answer ? answer.mask : answer.vector];
}

function checkIntervals({ name, version, outputs }: Manifest): void {
  if (outputs.kind === "value" && outputs.interval) return;
  throw new QuernError("UNSUPPORTED", `${name}@${version} gives no intervals.`, {
    hint:
      outputs.kind !== "value"
        ? "Intervals are for numbers; the probabilities say how sure a class is."
        : "Train it again with this release and with more rows.",
  });
}
