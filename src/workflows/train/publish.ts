import { readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BundleParts,
  describeInputs,
  type LoadedBundle,
  loadBundle,
  writeBundle,
} from "../../capabilities/bundles/index.js";
import { hostSteps, sharePipelines, type TransformMap } from "../../capabilities/features/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { makePrivateFolder } from "../../foundation/base/private-folder.js";
import type { BundleMetrics, Manifest } from "../../foundation/contracts/bundle.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { ConformalInterval } from "../../foundation/contracts/conformal.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import type { Surrogate } from "../../foundation/contracts/explainer-asset.js";
import { type Frame, selectColumns, takeRows } from "../../foundation/contracts/frame.js";
import type { ModelAnatomy } from "../../foundation/contracts/model-anatomy.js";
import type { TabularOutputs } from "../../foundation/contracts/model-graph.js";
import {
  compareOutputs,
  type OutputComparison,
  PARITY_LIMIT,
  type Row,
} from "../../foundation/contracts/prediction.js";
import type { Predictions, TaskType } from "../../foundation/contracts/target.js";
import { composeModel } from "../learn/compose.js";
import { columnsRead, type LearnedModel, predictor, trainerName } from "../learn/model.js";
import { backgroundRows, exactPart, explainerAssets } from "./explainer-assets.js";
import { measureLatency } from "./latency.js";
import { type TeachingWork, teachSurrogate } from "./teach-surrogate.js";

export interface ExportRequest {
  readonly name: string;
  readonly version: number;
  readonly task: TaskType;
  readonly target: string;
  /** The column that names a row. */
  readonly id?: string;
  readonly classes: readonly string[];
  readonly threshold: number;
  /** Regression: how far from a prediction the truth may be. */
  readonly interval?: ConformalInterval;
  readonly schema: readonly ColumnSchema[];
  readonly frame: Frame;
  /** Rows the model learned from: ranges and categories of the manifest. */
  readonly train: Int32Array;
  /** Rows it did not learn from: the parity gate re-scores them. */
  readonly heldOut: Int32Array;
  /** What the trained model says of them; absent: it is asked. */
  readonly expected?: Predictions;
  readonly metrics: BundleMetrics;
  readonly lineage: Readonly<Record<string, string>>;
  readonly language: "en" | "zh";
  readonly transforms: TransformMap;
  /** Training rows that the bundle keeps for explanations; 0: none. */
  readonly backgroundRows: number;
  /** Times single-row predictions of the exported model. */
  readonly measuresLatency: boolean;
  /** Whether there is time to learn what explains the model; absent: always. */
  readonly goesOn?: () => boolean;
  readonly work: TeachingWork;
  /** Asks the exported model what is still to be known of it; absent: nothing. */
  readonly ask?: (model: AskedModel) => Promise<Answered>;
}

/** An exported model that is asked. */
export interface AskedModel {
  readonly manifest: Manifest;
  readonly graph: Uint8Array;
  predict(frame: Frame): Promise<Predictions>;
}

/** Parts of an evaluation that only the exported model answers quickly enough. */
export type Answered = Pick<Evaluation, "importance" | "worst">;

/** What the bundle alone is made of. */
type BundleRequest = Omit<ExportRequest, "heldOut" | "measuresLatency" | "ask" | "goesOn" | "work">;

export interface ExportedModel {
  /** Folder with the bundle. */
  readonly path: string;
  readonly id: string;
  readonly parity: OutputComparison;
  readonly answered?: Answered;
  /** One row with plausible values: the first request of the bundle's sample. */
  readonly example: Row;
  /** All its files together. */
  readonly bytes: number;
  /** Of a single-row prediction, where it was asked for. */
  readonly latencyP99Ms?: number;
}

/**
 * Writes the bundle and lets it re-score held-out rows: a model whose exported form answers otherwise than the
 * one that was trained is never registered.
 * @throws QuernError PARITY_FAILED; the folder is removed
 */
export async function exportBundle(
  model: LearnedModel,
  request: ExportRequest,
  folder: string,
): Promise<ExportedModel> {
  const parts = bundleParts(model, request, await surrogateOf(model, request));
  const written = await writeBundle(join(folder, "bundle"), parts, request.transforms);
  const bundle = await loadBundle(written.path, { hostTransforms: request.transforms });
  try {
    const parity = await checkParity(bundle, model, request);
    const { requests } = bundle.sample;
    const timed = request.measuresLatency ? { latencyP99Ms: await measureLatency(bundle, requests) } : {};
    const answered = await request.ask?.({
      manifest: written.manifest,
      graph: parts.model,
      predict: (frame) => bundle.predictFrame(frame),
    });
    return {
      path: written.path,
      id: written.id,
      parity,
      example: requests[0] ?? {},
      bytes: folderBytes(written.path),
      ...timed,
      ...(answered ? { answered } : {}),
    };
  } catch (failure) {
    rmSync(written.path, { recursive: true, force: true });
    throw failure;
  } finally {
    await bundle.close();
  }
}

/** 99th percentile of a single-row prediction by the exported model, milliseconds; nothing stays of the bundle. */
export function exportedLatency(model: LearnedModel, request: BundleRequest): Promise<number> {
  return withExported(model, request, (bundle) => measureLatency(bundle, bundle.sample.requests));
}

/** Asks an exported model of which nothing stays. */
async function withExported<T>(
  model: LearnedModel,
  request: BundleRequest,
  ask: (bundle: LoadedBundle) => Promise<T>,
): Promise<T> {
  const folder = makePrivateFolder(tmpdir(), "asked");
  try {
    const parts = bundleParts(model, request);
    const written = await writeBundle(join(folder, "bundle"), parts, request.transforms);
    const bundle = await loadBundle(written.path, { hostTransforms: request.transforms });
    try {
      return await ask(bundle);
    } finally {
      await bundle.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

/** Undefined for a model that its own structure explains. */
async function surrogateOf(model: LearnedModel, request: ExportRequest): Promise<Surrogate | undefined> {
  const { frame, train, transforms, classes, goesOn, work } = request;
  const columns = columnsRead(model);
  const background = keptRows(request, columns);
  const { pipeline } = sharePipelines(model.pipelines);
  if (!background || exactPart({ anatomy: soleAnatomy(model), pipeline })) return undefined;
  const rows = takeRows(selectColumns(frame, [...background.columns.keys()]), train);
  const limits = { work, ...(goesOn ? { goesOn } : {}) };
  return teachSurrogate({ model, transforms, rows, background, classes: classes.length, ...limits });
}

/** Raw rows that stand for the data in explanations, in the order of the schema. */
function keptRows(
  { schema, frame, train, backgroundRows: count }: BundleRequest,
  columns: readonly string[],
): Frame | undefined {
  const names = schema.filter(({ name }) => columns.includes(name)).map(({ name }) => name);
  return backgroundRows(selectColumns(frame, names), train, count);
}

function bundleParts(model: LearnedModel, request: BundleRequest, surrogate?: Surrogate): BundleParts {
  const { name, version, task, target, classes, threshold, transforms, interval } = request;
  const outputs = outputsOf(classes, interval);
  const read = new Set(columnsRead(model));
  const columns = request.schema.filter((column) => read.has(column.name));
  const composed = composeModel(model, {
    ...{ name, transforms, outputs, threshold },
    ...(interval ? { interval } : {}),
  });
  return {
    name,
    version,
    task,
    target,
    ...(request.id === undefined ? {} : { id: request.id }),
    model: composed.graph,
    inputs: describeInputs(columns, takeRows(request.frame, request.train)),
    graphInputs: [...composed.inputs],
    hostTransforms: hostSteps(composed.shared.pipeline),
    assets: explainerAssets({
      name,
      anatomy: soleAnatomy(model),
      pipeline: composed.shared.pipeline,
      transforms,
      background: keptRows(request, [...read]),
      surrogate,
    }),
    outputs,
    lineage: request.lineage,
    metrics: request.metrics,
    language: request.language,
  };
}

function outputsOf(classes: readonly string[], interval: ConformalInterval | undefined): TabularOutputs {
  if (classes.length > 0) return { kind: "classes", classes: [...classes] };
  return {
    kind: "value",
    ...(interval ? { interval: { level: interval.level, rows: interval.rows } } : {}),
  };
}

/** Of a model that is no combination: the parts of one do not add up in one space. */
function soleAnatomy({ members }: LearnedModel): ModelAnatomy | undefined {
  const [first, ...others] = members;
  return others.length > 0 ? undefined : first!.trainer.restore(first!.state).anatomy;
}

async function checkParity(
  bundle: LoadedBundle,
  model: LearnedModel,
  request: ExportRequest,
): Promise<OutputComparison> {
  const rows = takeRows(request.frame, request.heldOut);
  const expected = request.expected ?? predictor(model, request.transforms)(rows);
  const comparison = compareOutputs(await bundle.predictFrame(rows), expected);
  if (comparison.maxAbsDiff <= PARITY_LIMIT) return comparison;
  throw new QuernError(
    "PARITY_FAILED",
    `The exported ${trainerName(model)} differs from the trained one by ${comparison.maxAbsDiff.toPrecision(3)} in row ${request.heldOut[comparison.worstRow]} (limit ${PARITY_LIMIT}).`,
    {
      details: { ...comparison, trainer: trainerName(model), trials: await unfaithfulTrials(model, request) },
    },
  );
}

/** Rows on which each trial's own part is compared. */
const BLAMED_ROWS = 500;

/** The trials whose part of the model, exported alone, answers otherwise; all where no part does so alone. */
async function unfaithfulTrials(model: LearnedModel, request: ExportRequest): Promise<number[]> {
  const all = [...new Set(model.members.map(({ trial }) => trial))];
  if (all.length === 1 || model.stack.length > 0) return all;
  const rows = takeRows(request.frame, request.heldOut.subarray(0, BLAMED_ROWS));
  const blamed: number[] = [];
  for (const trial of all) {
    const members = model.members.filter((member) => member.trial === trial);
    const part: LearnedModel = { ...model, members, calibration: { method: "none", losses: {} } };
    const difference = await withExported(part, request, async (bundle) =>
      compareOutputs(await bundle.predictFrame(rows), predictor(part, request.transforms)(rows)),
    );
    if (difference.maxAbsDiff > PARITY_LIMIT) blamed.push(trial);
  }
  return blamed.length > 0 ? blamed : all;
}
