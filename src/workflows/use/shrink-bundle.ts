import {
  type LoadOptions,
  predictorOf,
  replaceModel,
  type VerifiedBundle,
} from "../../capabilities/bundles/index.js";
import { createTransforms } from "../../capabilities/features/index.js";
import {
  type Feeds,
  type ShrinkMethod,
  type ShrinkReport,
  shrinkModel,
} from "../../capabilities/shrinking/index.js";
import { createImageDecoder } from "../../capabilities/vision/index.js";
import { openSession, type Session } from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { pack } from "../../foundation/base/packing.js";
import { BUNDLE_FILES } from "../../foundation/contracts/bundle.js";
import {
  backgroundFrame,
  createExplainerAsset,
  EXPLAINER_FILES,
  parseExplainerAsset,
} from "../../foundation/contracts/explainer-asset.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import { throwIfAborted, type WorkflowContext } from "../context.js";
import { type Judge, labelledJudge, sampleJudge } from "./shrink-judges.js";

export const SHRINK_NAMES = [
  "int8",
  "int8-static",
  "float16",
  "int4",
  "prune-weights",
  "prune-units",
] as const;
export type ShrinkName = (typeof SHRINK_NAMES)[number];

export interface ShrinkRequest {
  readonly method: ShrinkName;
  /**
   * How much worse the measure may become: in its own unit (0.01 of an AUC), or as a share of its value where it has no
   * greatest value (0.01 of an RMSE). Default 0.01.
   */
  readonly allowedLoss?: number;
  /** Rows with the target column. Without: the bundle's sample requests, on which the answers must agree. */
  readonly calibrate?: string;
  /** Of the weights or hidden units that pruning takes out, 0..1. Default: half the weights, a quarter of the units. */
  readonly share?: number;
}

/** `allowedLoss` and `loss` in the unit of the measure. */
export interface ShrinkResult extends ShrinkReport {
  /** Id of the metric, or `agreement` with the original's answers (1 = the same). */
  readonly measure: string;
  /** Rows it was measured on. */
  readonly rows: number;
  /** Where they come from; null: the bundle's own sample requests, without known answers. */
  readonly source: string | null;
}

const DEFAULT_ALLOWED_LOSS = 0.01;

/**
 * A smaller form of a bundle, in memory.
 * @param metric tells the decisive one of the training; asked only where rows with known answers judge
 * @throws QuernError GOAL_NOT_MET with the report when it loses more than allowed; UNSUPPORTED when there is nothing to
 * shrink; and what reading the rows throws
 */
export async function shrinkBundle(
  bundle: VerifiedBundle,
  request: ShrinkRequest,
  metric: () => Promise<Metric>,
  context: WorkflowContext,
): Promise<{ bundle: VerifiedBundle; result: ShrinkResult }> {
  const options: LoadOptions = { hostTransforms: createTransforms(), decodeImage: createImageDecoder() };
  const bytes = bundle.files.get(BUNDLE_FILES.model)!;
  const { judge, batches } = await askOriginal(bundle, request, metric, options, context);
  throwIfAborted(context.signal);
  const outcome = await shrinkModel(bytes, methodOf(request), {
    batches,
    evaluate: (session) => judge.score(predictorOf(bundle, session, options)),
    greaterIsBetter: judge.greaterIsBetter,
    allowedLoss: (before) => judge.limit(request.allowedLoss ?? DEFAULT_ALLOWED_LOSS, before),
    threads: context.threads,
    now: () => context.clock.elapsed(),
  });
  const { measure, rows, source } = judge;
  const result: ShrinkResult = { ...outcome.report, measure, rows, source };
  if (!outcome.accepted) throw missedGate(bundle, result);
  const smaller = await replaceModel(bundle, replacementOf(bundle, outcome.bytes, result), options);
  return { bundle: smaller, result };
}

function methodOf({ method, share }: ShrinkRequest): ShrinkMethod {
  switch (method) {
    case "int8":
      return { method: "int8-dynamic" };
    case "prune-weights":
      return { method, share: share ?? 0.5 };
    case "prune-units":
      return { method, share: share ?? 0.25 };
    default:
      return { method };
  }
}

/** The rows as the graph takes them, behind the host transforms. */
async function askOriginal(
  bundle: VerifiedBundle,
  { calibrate }: ShrinkRequest,
  metric: () => Promise<Metric>,
  options: LoadOptions,
  context: WorkflowContext,
): Promise<{ judge: Judge; batches: readonly Feeds[] }> {
  const session = await openSession(bundle.files.get(BUNDLE_FILES.model)!, { threads: context.threads });
  try {
    const original = predictorOf(bundle, session, options);
    const judge =
      calibrate === undefined
        ? await sampleJudge(bundle, original)
        : await labelledJudge(calibrate, bundle.manifest, await metric(), context);
    const batches: Feeds[] = [];
    const recording: Pick<Session, "run" | "comfortableRows"> = {
      comfortableRows: session.comfortableRows,
      run(feeds, outputs) {
        batches.push(feeds);
        return session.run(feeds, outputs);
      },
    };
    await judge.answerFew(predictorOf(bundle, recording, options));
    return { judge, batches };
  } finally {
    await session.close();
  }
}

function replacementOf(bundle: VerifiedBundle, model: Uint8Array, result: ShrinkResult) {
  const { method, bytes, timeRatio, metric, measure, rows, source } = result;
  return {
    model,
    change: { method, bytes, timeRatio, measure, rows, value: metric },
    lineage: {
      shrunkFrom: bundle.id,
      shrunkBy: method,
      shrunkBytes: `${bytes.before} to ${bytes.after}`,
      shrunkJudged: `${measure} ${metric.before} to ${metric.after} on ${rows} ${source === null ? "sample requests" : "labelled rows"}`,
    },
    metrics: { shrunk: { [measure]: metric.after, rows } },
    assets: explainerAssets(bundle),
  };
}

/** What is known of the original's structure does not hold for other weights: the model itself is asked instead. */
function explainerAssets({ files }: VerifiedBundle): Map<string, Uint8Array | undefined> {
  const bytes = files.get(EXPLAINER_FILES.asset);
  const asset = bytes && parseExplainerAsset(bytes);
  if (!asset?.exact) return new Map();
  const background = backgroundFrame(asset);
  return new Map([
    [EXPLAINER_FILES.asset, pack(createExplainerAsset(background ? { background } : {}))],
    [EXPLAINER_FILES.features, undefined],
  ]);
}

const isPruning = (method: string): boolean => method.startsWith("prune-");

function missedGate({ manifest }: VerifiedBundle, result: ShrinkResult): QuernError {
  const { method, bytes, metric, measure, rows, source, loss, allowedLoss } = result;
  const short = (value: number) => Number(value.toPrecision(4));
  const where = source === null ? `the bundle's ${rows} sample requests` : `${rows} rows of ${source}`;
  return new QuernError(
    "GOAL_NOT_MET",
    `${method} brings ${manifest.name}@${manifest.version} from ${bytes.before} to ${bytes.after} bytes, but its ${measure} on ${where} goes from ${short(metric.before)} to ${short(metric.after)}: a loss of ${short(loss)}, where ${short(allowedLoss)} is allowed. Nothing was written.`,
    {
      hint: `${isPruning(method) ? "Take out less with `--prune-share`, choose" : "Choose"} a method that changes less (float16, int8), or allow more with \`--allowed-loss\`.`,
      details: { shrunk: result },
    },
  );
}
