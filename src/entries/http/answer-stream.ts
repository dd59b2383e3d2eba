/** Rows that come as lines and are answered as lines: no request is too large, and a bad row fails alone. */

import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { QuernError } from "../../foundation/base/errors.js";
import { groupsOf } from "../../foundation/base/groups.js";
import type { RunOptions } from "../../foundation/contracts/bundle-predictor.js";
import type { ErrorBody } from "../../foundation/contracts/http.js";
import type { Prediction, Row } from "../../foundation/contracts/prediction.js";
import type { ServedModel } from "../../foundation/contracts/serving.js";
import { type RequestTrace, traceFacts } from "../../foundation/contracts/tracing.js";
import { toHttpError } from "./errors.js";
import { parseJson } from "./json.js";
import { type Line, linesOf } from "./json-lines.js";
import type { RouteContext } from "./route.js";

/** Rows that are computed together; the next ones are read when these were taken by the caller. */
const SLICE_ROWS = 256;
/** Other callers go first: a stream that is refused tries again after this long. */
const RETRY_MS = 50;

export interface RowStream {
  /** All rows are answered by this version, whatever becomes current meanwhile. */
  readonly model: ServedModel;
  readonly source: AsyncIterable<Uint8Array>;
  /** The rows are called `id/0`, `id/1`, …; absent: each gets an id of its own. */
  readonly id: string | undefined;
  readonly signal: NonNullable<RunOptions["signal"]>;
  readonly onPhase?: RunOptions["onPhase"];
  readonly trace?: RequestTrace | undefined;
}

type Outcome =
  | { readonly id: string; readonly row: Row; readonly answer: Prediction }
  | { readonly error: ErrorBody["error"] };

/**
 * One line a row, in order, each with the number of its row, then one with the counts. A failure that ends the stream is
 * its last line, without a row. Nothing is read ahead of what the caller takes.
 */
export async function* answerLines(context: RouteContext, stream: RowStream): AsyncGenerator<string> {
  let rows = 0;
  let failed = 0;
  try {
    for await (const lines of linesOf(stream.source, context.options.bodyLimitBytes)) {
      for (const slice of groupsOf(lines, SLICE_ROWS)) {
        const outcomes = await answerSlice(context, stream, slice, rows);
        let text = "";
        for (const outcome of outcomes) {
          if ("error" in outcome) failed += 1;
          text += `${JSON.stringify(lineOf(outcome, rows++))}\n`;
        }
        yield text;
      }
    }
    yield `${JSON.stringify({ done: true, rows, failed })}\n`;
  } catch (failure) {
    if (stream.signal.aborted) return;
    const { body, isBug } = toHttpError(failure);
    if (isBug) {
      const stack = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
      context.logger.log("error", "A stream of rows failed.", { rows, stack, ...traceFacts(stream.trace) });
    }
    yield `${JSON.stringify(body)}\n`;
  }
}

const lineOf = (outcome: Outcome, row: number): object =>
  "error" in outcome ? { row, ...outcome } : { row, id: outcome.id, ...outcome.answer };

async function answerSlice(
  context: RouteContext,
  stream: RowStream,
  lines: readonly Line[],
  first: number,
): Promise<readonly Outcome[]> {
  const outcomes = new Array<Outcome>(lines.length);
  const rows: Row[] = [];
  const places: number[] = [];
  for (const [place, line] of lines.entries()) {
    try {
      rows.push(readRow(line, context.options.bodyLimitBytes));
      places.push(place);
    } catch (failure) {
      outcomes[place] = { error: toHttpError(failure).body.error };
    }
  }
  const answers = await answerEach(stream, rows);
  const answered: { ids: string[]; rows: Row[]; predictions: Prediction[] } = {
    ids: [],
    rows: [],
    predictions: [],
  };
  for (const [index, answer] of answers.entries()) {
    const place = places[index]!;
    if (QuernError.is(answer)) {
      outcomes[place] = { error: toHttpError(answer).body.error };
      continue;
    }
    const id = stream.id === undefined ? randomUUID() : `${stream.id}/${first + place}`;
    outcomes[place] = { id, row: rows[index]!, answer };
    answered.ids.push(id);
    answered.rows.push(rows[index]!);
    answered.predictions.push(answer);
  }
  if (answered.ids.length > 0) {
    context.predictions?.record({ manifest: stream.model.manifest, ...answered });
    context.metrics.predicted(stream.model, answered.ids.length);
  }
  return outcomes;
}

function readRow(line: Line, limit: number): Row {
  if (line === undefined)
    throw new QuernError("REQUEST_TOO_LARGE", `The line is longer than ${limit} bytes.`, {
      details: { limit },
    });
  const row = parseJson(line);
  if (typeof row === "object" && row !== null && !Array.isArray(row)) return row as Row;
  throw new QuernError("REQUEST_INVALID", "A line must be one row: an object of column names and values.");
}

/** Together; where a row among them is bad, each alone, which the model computes together again. */
async function answerEach(
  stream: RowStream,
  rows: readonly Row[],
): Promise<readonly (Prediction | QuernError)[]> {
  if (rows.length === 0) return [];
  try {
    return await insisting(stream, rows);
  } catch (failure) {
    if (!isBadRow(failure)) throw failure;
    const alone = rows.map((row) =>
      insisting(stream, [row]).then(
        ([answer]) => answer!,
        (cause: unknown) => {
          if (isBadRow(cause)) return cause;
          throw cause;
        },
      ),
    );
    return Promise.all(alone);
  }
}

const isBadRow = (failure: unknown): failure is QuernError =>
  QuernError.is(failure) && failure.code === "PREDICTION_INPUT";

/** Refusals for lack of room are waited out: reading no further is how a stream is told to slow down. */
async function insisting(
  { model, signal, onPhase }: RowStream,
  rows: readonly Row[],
): Promise<readonly Prediction[]> {
  for (;;) {
    try {
      return await model.predict(rows, { signal, onPhase });
    } catch (failure) {
      const isFull = QuernError.is(failure) && failure.code === "OVERLOADED" && model.state === "ready";
      if (!isFull || signal.aborted) throw failure;
      await pause(RETRY_MS);
    }
  }
}
