import { resolve } from "node:path";
import { inferSchema } from "../../capabilities/data/kinds/index.js";
import { evaluate } from "../../capabilities/evaluation/evaluate.js";
import type { Rival } from "../../capabilities/evaluation/intervals/compare.js";
import { evaluationReport } from "../../capabilities/evaluation/report/evaluation-report.js";
import { readFrame, type Table } from "../../engines/table/index.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { QuernError } from "../../foundation/base/errors.js";
import { gather } from "../../foundation/base/gather.js";
import { createRandom } from "../../foundation/base/random.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { EvaluateResult, Evaluation } from "../../foundation/contracts/evaluation.js";
import { type Column, columnOf, takeRows } from "../../foundation/contracts/frame.js";
import { isStructured, tabularTask } from "../../foundation/contracts/structured.js";
import { type Target, takeTarget } from "../../foundation/contracts/target.js";
import { type WorkflowContext, type WorkflowOptions, workflowContext } from "../context.js";
import type { OpenedData } from "../load/open-data.js";
import { chosenBy, modelMetrics } from "../project/metrics.js";
import { evaluateStructure } from "../structured/evaluate.js";
import { type OpenModel, withModel } from "./open-model.js";
import { answerable, openRows, type ReadingOptions, readInputs } from "./reading.js";
import { requireSameClasses } from "./same-classes.js";

export interface EvaluateRequest {
  readonly model: string;
  /** Rows with the target column. */
  readonly source: string;
  readonly reading?: ReadingOptions;
  /** HTML file to write. */
  readonly report?: string;
  readonly language?: "en" | "zh";
  readonly slices?: readonly string[];
  /** Another model of the same target, as `model`: both answer the same rows, and a paired test says how sure the difference is. */
  readonly against?: string;
  /** Modules in which a metric of a project's own is looked for, before those the model was trained with. */
  readonly extensions?: readonly string[];
}

const RESAMPLES = 500;

/** Scores a model on labelled rows; rows without a target, or with a picture that cannot be read, are left out. @throws QuernError TARGET_UNUSABLE, PREDICTION_INPUT, EXTENSION_MISSING */
export function evaluateModel(
  request: EvaluateRequest,
  options: WorkflowOptions = {},
): Promise<EvaluateResult> {
  const context = workflowContext(options);
  const start = context.clock.elapsed();
  return withModel(request.model, context, options, async (model) => {
    const { bundle } = model;
    const { manifest } = bundle;
    if (request.against !== undefined) tabularTask(manifest.task, "A comparison of two models");
    const data = await openRows(request.source, request.reading ?? {}, context);
    try {
      const evaluation = isStructured(manifest.task)
        ? await evaluateStructure(bundle, data, {
            metric: chosenBy({ ...model, manifest }).metric,
            resamples: RESAMPLES,
            signal: context.signal,
          })
        : await evaluateTable(model, data, request, context, options);
      const report =
        request.report === undefined
          ? null
          : writeReport(request, manifest, evaluation, data.description, context);
      const notes = data.table.notes.map(({ message }) => message);
      const seconds = (context.clock.elapsed() - start) / 1000;
      return { ...resultOf(manifest, evaluation, report), notes, seconds };
    } finally {
      await data.close();
    }
  });
}

async function evaluateTable(
  { bundle, record }: OpenModel,
  data: OpenedData,
  { slices = [], extensions = [], against }: EvaluateRequest,
  context: WorkflowContext,
  options: WorkflowOptions,
): Promise<Evaluation> {
  const { manifest } = bundle;
  const task = tabularTask(manifest.task, "Evaluation");
  const metrics = await modelMetrics(chosenBy({ record, manifest }), task, extensions, context);
  const known = await readTarget(data.table, manifest);
  const inputs = await readInputs(data, manifest);
  const own = answerable(inputs, known.rows);
  const contest = { manifest, data, target: known.target, rows: own };
  const { rows, previous } =
    against === undefined
      ? { rows: own, previous: undefined }
      : await contested(against, contest, context, options);
  const target = takeKnown(known, rows);
  const features = takeRows(inputs.frame, rows);
  return evaluate(
    {
      target,
      predictions: await bundle.predictFrame(features),
      split: data.description,
      metric: metrics.decisive,
      metrics: metrics.reported,
      features,
      rowNumbers: rows,
      slices,
      ...(previous ? { previous } : {}),
    },
    { random: createRandom("evaluate"), resamples: RESAMPLES, signal: context.signal },
  );
}

interface Contest {
  readonly manifest: Manifest;
  readonly data: OpenedData;
  readonly target: Target;
  /** Which the model answers. */
  readonly rows: Int32Array;
}

/**
 * The rows that both models answer, and what the other says to them: it may look at pictures that cannot be read.
 * @throws QuernError TARGET_UNUSABLE where it predicts something else
 */
function contested(
  reference: string,
  { manifest, data, target, rows }: Contest,
  context: WorkflowContext,
  options: WorkflowOptions,
): Promise<{ readonly rows: Int32Array; readonly previous: Rival }> {
  return withModel(reference, context, options, async ({ bundle }) => {
    const other = bundle.manifest;
    if (other.target !== manifest.target) {
      throw new QuernError(
        "TARGET_UNUSABLE",
        `${reference} predicts ${JSON.stringify(other.target)}, not ${JSON.stringify(manifest.target)}.`,
        { hint: "Compare models of one target." },
      );
    }
    requireSameClasses(reference, other, target);
    const inputs = await readInputs(data, other);
    const both = answerable(inputs, rows);
    const predictions = await bundle.predictFrame(takeRows(inputs.frame, both));
    return { rows: both, previous: { name: reference, predictions } };
  });
}

/** The known values of the target and their row numbers. @throws QuernError TARGET_UNUSABLE, DATA_COLUMN_UNKNOWN */
export async function readTarget(
  table: Table,
  manifest: Manifest,
): Promise<{ target: Target; rows: Int32Array }> {
  const name = manifest.target;
  if (!table.columns.some((column) => column.name === name)) {
    throw new QuernError(
      "DATA_COLUMN_UNKNOWN",
      `The data has no column ${JSON.stringify(name)}, which the model predicts.`,
      { details: { column: name } },
    );
  }
  const kind = manifest.task === "regression" ? "number" : "category";
  const { columns } = await inferSchema(table, { kinds: { [name]: kind } });
  const column = columnOf(
    await readFrame(
      table,
      columns.filter((schema) => schema.name === name),
    ),
    name,
  );
  const { target, rows } = targetOf(column, manifest);
  if (rows.length > 0) return { target, rows };
  throw new QuernError(
    "TARGET_UNUSABLE",
    `No row has a value of ${JSON.stringify(name)} that the model knows.`,
    { details: { column: name } },
  );
}

/** The target of some of the known rows. */
export function takeKnown(
  known: { readonly target: Target; readonly rows: Int32Array },
  rows: Int32Array,
): Target {
  if (rows.length === known.rows.length) return known.target;
  const positions = new Map(Array.from(known.rows, (row, position) => [row, position]));
  return takeTarget(
    known.target,
    Array.from(rows, (row) => positions.get(row)!),
  );
}

/** Rows whose target is missing, or a class the model does not know, are left out. */
function targetOf(column: Column, { outputs }: Manifest): { target: Target; rows: Int32Array } {
  if (column.kind === "number") {
    const rows = Int32Array.from(column.values.keys()).filter((row) => Number.isFinite(column.values[row]));
    return {
      rows,
      target: { task: "regression", values: gather(column.values, rows) },
    };
  }
  if (column.kind !== "category" || outputs.kind !== "classes")
    throw new Error(`The target was read as a ${column.kind}.`);
  const { classes } = outputs;
  const codeOf = column.dictionary.map((label) => classes.indexOf(label));
  const rows = Int32Array.from(column.codes.keys()).filter((row) => (codeOf[column.codes[row]!] ?? -1) >= 0);
  const codes = Int32Array.from(rows, (row) => codeOf[column.codes[row]!]!);
  return { rows, target: { task: classes.length === 2 ? "binary" : "multiclass", codes, classes } };
}

function writeReport(
  request: EvaluateRequest,
  manifest: Manifest,
  evaluation: Evaluation,
  source: string,
  context: WorkflowContext,
): string {
  const path = resolve(context.folder, request.report!);
  const { name, version, target } = manifest;
  writeFileAtomic(
    path,
    evaluationReport(
      { name, version, target, source, createdAt: context.clock.now(), evaluation, quern: QUERN_VERSION },
      request.language ?? "en",
    ),
  );
  return path;
}

function resultOf(
  manifest: Manifest,
  evaluation: Evaluation,
  report: string | null,
): Omit<EvaluateResult, "notes" | "seconds"> {
  const { title: _, direction: __, ...headline } = evaluation.metrics[evaluation.metric]!;
  return {
    model: `${manifest.name}@${manifest.version}`,
    rows: evaluation.rows,
    metric: { name: evaluation.metric, split: evaluation.split, ...headline },
    metrics: Object.fromEntries(
      Object.entries(evaluation.metrics).map(([name, estimate]) => [name, estimate.value]),
    ),
    confusion: evaluation.confusion,
    report,
    evaluation,
  };
}
