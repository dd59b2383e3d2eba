import type { LoadedBundle } from "../../capabilities/bundles/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import { pictureSizeOf } from "../../foundation/contracts/image-cells.js";
import { hasStructure, type StructuredAnswer } from "../../foundation/contracts/structured-answers.js";
import { throwIfAborted, type WorkflowOptions, workflowContext } from "../context.js";
import { withModel } from "./open-model.js";
import { type Cell, createPredictionWriter } from "./prediction-writer.js";
import { idColumn, openRows, type ReadingOptions, readIds, readInputs } from "./reading.js";

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
}

export interface PredictFileResult {
  readonly model: string;
  readonly version: number;
  readonly rows: number;
  readonly output: string;
}

/** Bounds the memory of a prediction, whatever the size of the file. */
const CHUNK_ROWS = 50_000;
const CHUNK_BYTES = 256 * 2 ** 20;

/** At most the usual chunk, fewer where images fill the memory. */
function rowsInBytes({ inputs }: Manifest, bytes: number): number {
  const pixels = inputs
    .filter(({ column }) => column.kind === "image")
    .reduce((sum, { column }) => {
      const { height, width, channels } = pictureSizeOf(column);
      return sum + height * width * channels;
    }, 0);
  return pixels === 0 ? CHUNK_ROWS : Math.max(1, Math.min(CHUNK_ROWS, Math.floor(bytes / pixels)));
}

/**
 * One row out per row in, in order: the id where there is one, `prediction`, and `probability_<label>` for each label. A
 * prediction with a structure is JSON: as a text, in JSON Lines as it is.
 * @throws QuernError UNSUPPORTED when intervals are wanted of a model that has none
 */
export function predictFile(
  request: PredictFileRequest,
  options: WorkflowOptions = {},
): Promise<PredictFileResult> {
  const context = workflowContext(options);
  const started = context.clock.elapsed();
  return withModel(request.model, context, options, async ({ bundle }) => {
    const { manifest } = bundle;
    if (request.interval) checkIntervals(manifest);
    const data = await openRows(request.source, request.reading ?? {}, context);
    try {
      const id = idColumn(manifest, data.table);
      const writer = await createPredictionWriter(request.out, context.folder, {
        id,
        classes: classesOf(manifest),
        prediction:
          manifest.outputs.kind === "value" ? "number" : hasStructure(manifest.outputs) ? "json" : "text",
        table: data.table,
        interval: request.interval ?? false,
        escapeFormulas: request.escapeFormulas ?? false,
      });
      try {
        const chunkRows = rowsInBytes(manifest, CHUNK_BYTES);
        for (let start = 0; start < data.table.rows; start += chunkRows) {
          throwIfAborted(context.signal);
          const range = { start, end: start + chunkRows };
          const inputs = await readInputs(data, manifest, range);
          await writer.write(
            await predictionRows(bundle, inputs, request.interval ?? false),
            id === undefined ? undefined : await readIds(data.table, id, range),
          );
          context.onEvent({
            run: "",
            stage: "predict",
            done: Math.min(start + chunkRows, data.table.rows),
            total: data.table.rows,
            elapsedMs: context.clock.elapsed() - started,
          });
        }
        return {
          model: manifest.name,
          version: manifest.version,
          rows: data.table.rows,
          output: await writer.finish(),
        };
      } catch (failure) {
        writer.discard();
        throw failure;
      }
    } finally {
      await data.close();
    }
  });
}

/** What has a probability of its own. */
const classesOf = ({ outputs }: Manifest): readonly string[] => {
  if (outputs.kind === "classes") return outputs.classes;
  return outputs.kind === "labels" ? outputs.labels : [];
};

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
