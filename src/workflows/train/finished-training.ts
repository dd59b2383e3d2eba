import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { localFiles } from "../../capabilities/data/sources/index.js";
import { stepKey } from "../../capabilities/stores/index.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import { pack, unpack } from "../../foundation/base/packing.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import { type Project, trainingPart } from "../../foundation/contracts/project.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import type { Store } from "../../foundation/contracts/store.js";
import type { WorkflowContext } from "../context.js";
import { withStore } from "../locate-store.js";
import type { Extensions } from "../project/extensions.js";
import type { TrainRequest } from "./messages.js";
import { copyOut, reportPath } from "./outputs.js";

const FINGERPRINT_BYTES = 4 * 2 ** 30;

/** Names a whole training by the bytes of its files and its resolved project. */
export type Fingerprint = Sha256;

interface FinishedTraining {
  readonly result: TrainResult;
  /** Blob of the HTML report. */
  readonly report: Sha256;
}

/** Undefined where the source cannot be named by its bytes without reading it away: standard input, URLs. */
export async function fingerprintTraining(
  project: Project,
  extensions: Extensions,
  context: WorkflowContext,
): Promise<Fingerprint | undefined> {
  const { source } = project.data;
  if (source === undefined) return undefined;
  const files = localFiles(typeof source === "string" ? [source] : source, context.folder);
  if (!files) return undefined;
  // Hashing must cost little beside the work it may save; larger sources are recognised step by step.
  if (files.reduce((sum, file) => sum + file.bytes, 0) > FINGERPRINT_BYTES) return undefined;
  const inputs: Record<string, Sha256> = { ...extensions.modules };
  for (const file of files) inputs[file.name] = await hashFile(file.path, context.signal);
  const { data, ...rest } = trainingPart(project);
  const { source: _, ...reading } = data;
  return stepKey({
    id: "training",
    version: 1,
    config: { ...rest, data: reading },
    inputs,
    seed: project.seed,
    environment: { quern: QUERN_VERSION },
  });
}

async function hashFile(path: string, signal: AbortSignal): Promise<Sha256> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest("hex");
}

/** The result of an equal training, if the model it registered and the report still exist and verify. */
export async function findFinished(
  fingerprint: Fingerprint,
  request: TrainRequest,
  context: WorkflowContext,
): Promise<TrainResult | undefined> {
  if (!existsSync(request.store)) return undefined;
  const look = withStore(request.store, context, async (store) => {
    const step = await store.steps.find(fingerprint);
    if (!step) return undefined;
    const { result, report } = unpack<FinishedTraining>(await store.blobs.get(step.output));
    const bundle = await bundleFolder(store, `${result.model}@${result.version}`);
    if (bundle === undefined) return undefined;
    const html = new TextDecoder().decode(await store.blobs.get(report));
    const path = reportPath(request.store, result.model, result.version);
    if (!existsSync(path)) writeFileAtomic(path, html);
    if (request.out !== undefined) copyOut(request.out, bundle, html);
    return {
      ...result,
      bundle,
      report: path,
      cached: { steps: result.cached.steps, hits: result.cached.steps },
    };
  });
  return look.catch((failure: unknown) => {
    // A folder in which no store was finished yet: this training finishes it.
    if (QuernError.is(failure) && failure.code === "STORE_NOT_FOUND") return undefined;
    throw failure;
  });
}

async function bundleFolder(store: Store, reference: string): Promise<string | undefined> {
  try {
    return await store.models.folder(reference);
  } catch (failure) {
    if (QuernError.is(failure) && failure.code === "MODEL_NOT_FOUND") return undefined;
    throw failure;
  }
}

export async function recordFinished(
  fingerprint: Fingerprint,
  result: TrainResult,
  store: Store,
): Promise<void> {
  const { hash: report } = await store.blobs.putFile(result.report);
  const finished: FinishedTraining = { result, report };
  const output = await store.blobs.put(pack(finished));
  await store.steps.record({
    key: fingerprint,
    step: "training",
    output,
    references: [report],
    seconds: result.seconds,
  });
}
