import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, linkSync, readFileSync, rmSync } from "node:fs";
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
  let key: string | undefined;
  return createPredictionLog({
    folder: journalFolder(store),
    settings,
    hashKey: () => {
      key ??= hashKey(store);
      return key;
    },
    clock,
    logger,
  });
}

/** One for the store: equal values stay equal over restarts. Without the file they cannot be guessed. */
function hashKey(store: string): string {
  const path = join(store, "predictions.key");
  if (!existsSync(path)) {
    // Of processes that begin together one gives its key a name; the others find it there.
    const own = `${path}.${randomUUID()}`;
    writeFileAtomic(own, randomBytes(32).toString("hex"));
    try {
      linkSync(own, path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    } finally {
      rmSync(own, { force: true });
    }
  }
  return readFileSync(path, "utf8");
}
