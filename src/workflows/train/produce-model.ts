import { QuernError } from "../../foundation/base/errors.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import { assess } from "./assess.js";
import { inspectData } from "./inspect.js";
import type { PreparedData } from "./prepare.js";
import type { Facts, Production } from "./production.js";
import { recordDataset, recordSplit } from "./record-data.js";
import { registerModel } from "./register.js";

/** From prepared data to a registered model: divide, inspect, learn, judge once, export, register. */
export async function produceModel(production: Production): Promise<TrainResult> {
  const facts = await gatherFacts(production);
  const unfaithful = new Map<number, string>();
  for (;;) {
    const attempt = { ...production, unfaithful };
    try {
      const judged = await assess(attempt, facts);
      const result = await registerModel(attempt, judged);
      production.course.curvesOf(judged.learned);
      return result;
    } catch (failure) {
      const met = unfaithfulTrials(failure).filter((trial) => !unfaithful.has(trial));
      if (met.length === 0) throw failure;
      const { message } = failure as QuernError;
      for (const trial of met) unfaithful.set(trial, message);
      production.context.logger.log("warn", message, { trials: met });
    }
  }
}

/**
 * The trials behind a model that did not pass the parity gate: without them the rest still makes one. The fits are
 * in the store, so that another round costs little.
 */
function unfaithfulTrials(failure: unknown): readonly number[] {
  if (!QuernError.is(failure) || failure.code !== "PARITY_FAILED") return [];
  const { trials } = failure.details as { trials?: readonly number[] };
  return trials ?? [];
}

async function gatherFacts(production: Production): Promise<Facts> {
  const { project, prepared, progress } = production;
  const dataset = await recordDataset(production);
  const splitId = await recordSplit(production, dataset);
  progress.report({ stage: "profile", done: 0, total: 1 });
  const inspection = await inspectData(production, dataset, splitId);
  return { name: project.name ?? nameAfter(prepared), dataset, splitId, inspection };
}

/** A model without a name is called after what it predicts. */
function nameAfter(prepared: PreparedData): string {
  const plain = prepared.target.column.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[^\p{L}\p{N}]+/u, "");
  return plain.slice(0, 60).replace(/[^\p{L}\p{N}]+$/u, "") || "model";
}
