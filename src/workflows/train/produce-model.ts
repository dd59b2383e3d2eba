import { TRAINERS } from "../../catalogue.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import { assess } from "./assess.js";
import { divideData } from "./divide.js";
import { inspectData } from "./inspect.js";
import type { PreparedData } from "./prepare.js";
import type { Facts, Production } from "./production.js";
import { recordDataset, recordSplit } from "./record-data.js";
import { registerModel } from "./register.js";
import { planTrials } from "./trials.js";

/** From prepared data to a registered model: divide, inspect, learn, judge once, export, register. */
export async function produceModel(production: Production): Promise<TrainResult> {
  return registerModel(production, await assess(production, await gatherFacts(production)));
}

async function gatherFacts(production: Production): Promise<Facts> {
  const { project, prepared, progress, context } = production;
  const { dataset, rowHashes } = await recordDataset(production);
  progress.report({ stage: "split", done: 0, total: 1 });
  const division = divideData(prepared, rowHashes, project);
  const splitId = await recordSplit(production, dataset, division);
  progress.report({ stage: "profile", done: 0, total: 1 });
  const inspection = await inspectData(production, dataset, division, splitId);
  const { task, classes } = prepared.target;
  const trials = planTrials(project, TRAINERS, {
    rows: division.whole.train.length,
    features: Math.max(1, prepared.features.columns.size),
    task,
    classes: Math.max(1, classes.length),
    threads: context.threads,
  });
  return { name: project.name ?? nameAfter(prepared), dataset, division, splitId, inspection, trials };
}

/** A model without a name is called after what it predicts. */
function nameAfter(prepared: PreparedData): string {
  const plain = prepared.target.column.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[^\p{L}\p{N}]+/u, "");
  return plain.slice(0, 60) || "model";
}
