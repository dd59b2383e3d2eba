import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  createPredictionLog,
  type PredictionLog,
} from "../../capabilities/monitoring/prediction-log/write-log.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import type { PredictionLogSettings } from "../../foundation/contracts/prediction-log.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder } from "../locate-store.js";

/** Journals of predictions that are not sealed yet. */
export function journalFolder(store: string): string {
  return join(store, "predictions");
}

/** The log of a server, in the store's folder; nothing is written before the first prediction. */
export function openPredictionLog(
  settings: PredictionLogSettings,
  options: WorkflowOptions = {},
): PredictionLog {
  const { clock, logger } = workflowContext(options);
  const store = storeFolder(options);
  const hashes = Object.values(settings.columns).includes("hash");
  return createPredictionLog({
    folder: journalFolder(store),
    settings,
    hashKey: hashes ? hashKey(store) : "",
    clock,
    logger,
  });
}

/** One for the store: equal values stay equal over restarts. Without the file they cannot be guessed. */
function hashKey(store: string): string {
  const path = join(store, "predictions.key");
  if (!existsSync(path)) writeFileAtomic(path, randomBytes(32).toString("hex"));
  return readFileSync(path, "utf8");
}
