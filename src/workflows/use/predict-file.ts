import { QuernError } from "../../foundation/base/errors.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { pictureSizeOf } from "../../foundation/contracts/image-cells.js";
import type { PredictionColumns } from "../../foundation/contracts/prediction.js";
import { throwIfAborted, type WorkflowOptions, workflowContext } from "../context.js";
import { withModel } from "./open-model.js";
import { createPredictionWriter } from "./prediction-writer.js";
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
 * One row out per row in, in order: the id where there is one, `prediction`, and `probability_<label>` for each label.
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
        table: data.table,
        interval: request.interval ?? false,
        escapeFormulas: request.escapeFormulas ?? false,
      });
      try {
        const chunkRows = rowsInBytes(manifest, CHUNK_BYTES);
        for (let start = 0; start < data.table.rows; start += chunkRows) {
          throwIfAborted(context.signal);
          const range = { start, end: start + chunkRows };
          const predictions: PredictionColumns = await bundle.predictFrame(
            await readInputs(data, manifest, range),
          );
          await writer.write(
            predictions,
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

const classesOf = ({ outputs }: Manifest): readonly string[] =>
  outputs.kind === "classes" ? outputs.classes : [];

function checkIntervals({ name, version, outputs }: Manifest): void {
  if (outputs.kind === "value" && outputs.interval) return;
  throw new QuernError("UNSUPPORTED", `${name}@${version} gives no intervals.`, {
    hint:
      outputs.kind === "classes"
        ? "Intervals are for numbers; the probabilities say how sure a class is."
        : "Train it again with this release and with more rows.",
  });
}
