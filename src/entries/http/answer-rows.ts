import { QuernError } from "../../foundation/base/errors.js";
import { answerDistance } from "../../foundation/contracts/bundle-check.js";
import type { RunOptions } from "../../foundation/contracts/bundle-predictor.js";
import { findReference } from "../../foundation/contracts/model-reference.js";
import { PARITY_LIMIT, type Prediction, type Row } from "../../foundation/contracts/prediction.js";
import type { RoutedRequest, ServedModel } from "../../foundation/contracts/serving.js";
import type { RouteContext } from "./route.js";

export interface RowsRequest {
  /** `name`, `name@3`, `name@alias`; only bare names are spread over versions. */
  readonly reference: string;
  readonly subject: string | undefined;
  readonly rows: readonly Row[];
  /** By which feedback names the answers; one a row. */
  readonly ids: readonly string[];
  readonly run: RunOptions;
}

/** Predicts by the version that the request belongs to; shadows compute the same rows after the answer. */
export async function answerRows(
  context: RouteContext,
  { reference, subject, rows, ids, run }: RowsRequest,
): Promise<{ readonly model: ServedModel; readonly answers: readonly Prediction[] }> {
  // Nobody's request goes by its first id, which is random unless the caller chose it.
  const routed = context.traffic?.route(reference, subject ?? ids[0] ?? "");
  const model = routed?.model ?? findReference(context.models, reference);
  const answers = await model.predict(rows, run).catch((failure) => {
    routed?.settle(isModelsFault(failure));
    throw failure;
  });
  routed?.settle(false, answers[0]);
  keepAnswers(context, { model, routed, rows, ids, answers });
  return { model, answers };
}

export interface AnsweredRequest {
  readonly model: ServedModel;
  readonly routed: RoutedRequest | undefined;
  readonly rows: readonly Row[];
  readonly ids: readonly string[];
  readonly answers: readonly Prediction[];
}

/** What follows an answer: the log has it, and shadows are asked the same. */
export function keepAnswers(
  context: RouteContext,
  { model, routed, rows, ids, answers }: AnsweredRequest,
): void {
  const assignment = routed?.assignment ? { assignment: routed.assignment } : {};
  context.predictions?.record({ manifest: model.manifest, ids, rows, predictions: answers, ...assignment });
  if (routed && routed.shadows.length > 0)
    setImmediate(() => void shadowRows(context, routed, { rows, ids }, answers));
}

const CALLERS_FAULTS: ReadonlySet<string> = new Set([
  "PREDICTION_INPUT",
  "REQUEST_INVALID",
  "REQUEST_TOO_LARGE",
  "INTERRUPTED",
]);

/** Bad rows, too many of them and callers who left say nothing about a version. */
export function isModelsFault(failure: unknown): boolean {
  return !(QuernError.is(failure) && CALLERS_FAULTS.has(failure.code));
}

async function shadowRows(
  { observer, logger, predictions }: RouteContext,
  { shadows }: RoutedRequest,
  { rows, ids }: Pick<RowsRequest, "rows" | "ids">,
  answers: readonly Prediction[],
): Promise<void> {
  for (const shadow of shadows) {
    try {
      const own = await shadow.predict(rows);
      predictions?.record({ manifest: shadow.manifest, ids, rows, predictions: own, role: "shadow" });
      observer.shadowed?.(
        shadow,
        rows.length,
        own.filter((answer, row) => !saysTheSame(answer, answers[row]!)).length,
      );
    } catch (failure) {
      observer.shadowed?.(shadow, rows.length, rows.length);
      const { name, version } = shadow.manifest;
      const cause = failure instanceof Error ? failure.message : String(failure);
      logger.log("warn", "A shadow failed.", { model: `${name}@${version}`, cause });
    }
  }
}

/** Classes by the label, numbers within one percent, anything else where the sample of a bundle would pass. */
function saysTheSame(a: Prediction, b: Prediction): boolean {
  if ("label" in a) return "label" in b && a.label === b.label;
  if (!("prediction" in a && "prediction" in b)) return answerDistance(a, b) <= PARITY_LIMIT;
  return (
    Math.abs(a.prediction - b.prediction) <= 0.01 * Math.max(Math.abs(a.prediction), Math.abs(b.prediction))
  );
}
