import { extname, resolve } from "node:path";
import { verifyBundle } from "../../capabilities/bundles/index.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { csvLine, withoutFormulaEscape } from "../../foundation/base/csv-line.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { LabelItem, LabelResult } from "../../foundation/contracts/label-queue.js";
import type { Feedback } from "../../foundation/contracts/monitoring-store.js";
import type { Model, Store } from "../../foundation/contracts/store.js";
import { type WorkflowContext, type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";
import type { ReadingOptions } from "../use/reading.js";
import { readLabels } from "../watch/feedback.js";

export interface LabelExport {
  readonly model: string;
  /** Ends in `.csv` or `.jsonl`. */
  readonly out: string;
  /** Also what was exported before and has no label yet. */
  readonly again?: boolean;
  readonly limit?: number;
}

export interface LabelImport {
  readonly model: string;
  /** A file with the columns `id` and `label` (or `actual`, or the target's name). */
  readonly source: string;
  readonly reading?: ReadingOptions;
}

/** Predictions that wait, the newest last. @throws QuernError MODEL_NOT_FOUND */
export function listLabels(
  { model, limit = 20 }: { readonly model: string; readonly limit?: number },
  options: WorkflowOptions = {},
): Promise<LabelResult> {
  return withQueue(model, options, ({ name }, store) => listLabelsIn(store, { name, limit }));
}

/** The same in a store that is open. */
export async function listLabelsIn(
  store: Store,
  { name, limit }: { readonly name: string; readonly limit: number },
): Promise<LabelResult> {
  const items = await store.labels.list(name, {
    ...{ states: ["waiting"], unanswered: true, limit, from: "newest" },
  });
  return { ...(await nothing(name, store)), items: [...items] };
}

/** Takes those out of the queue that nobody can label. @throws QuernError MODEL_NOT_FOUND */
export function skipLabels(
  { model, ids }: { readonly model: string; readonly ids: readonly string[] },
  options: WorkflowOptions = {},
): Promise<LabelResult> {
  return withQueue(model, options, ({ name }, store) => skipLabelsIn(store, { name, ids }));
}

/** The same in a store that is open. */
export async function skipLabelsIn(
  store: Store,
  { name, ids }: { readonly name: string; readonly ids: readonly string[] },
): Promise<LabelResult> {
  const skipped = await store.labels.skip(name, ids);
  return { ...(await nothing(name, store)), skipped };
}

/** Writes them for a labelling tool and remembers that they are out. @throws QuernError USAGE, DISK_FULL */
export function exportLabels(
  { model, out, again = false, limit }: LabelExport,
  options: WorkflowOptions = {},
): Promise<LabelResult> {
  return withQueue(model, options, async ({ name }, store, context) => {
    const path = resolve(context.folder, out);
    const format = extname(path).toLowerCase();
    if (format !== ".csv" && format !== ".jsonl")
      throw new QuernError("USAGE", `The output ${JSON.stringify(out)} ends neither in .csv nor in .jsonl.`, {
        hint: "Name the file with one of these endings.",
      });
    const items = await store.labels.list(name, {
      ...{ states: again ? ["waiting", "exported"] : ["waiting"], unanswered: true },
      ...(limit === undefined ? {} : { limit }),
    });
    writeFileAtomic(path, format === ".csv" ? csvOf(items) : jsonLinesOf(items));
    await store.labels.markExported(
      name,
      items.map(({ id }) => id),
    );
    return { ...(await nothing(name, store)), exported: { path, rows: items.length } };
  });
}

/**
 * Takes labels in as feedback and ticks them off. All or none: one that the model does not know is an error that says
 * where it stands.
 * @throws QuernError DATA_COLUMN_UNKNOWN, TARGET_UNUSABLE
 */
export function importLabels(
  { model, source, reading = {} }: LabelImport,
  options: WorkflowOptions = {},
): Promise<LabelResult> {
  return withQueue(model, options, async (record, store, context) => {
    const labels = (await readLabels(source, record.document, reading, context)).map((label) => ({
      ...label,
      id: withoutFormulaEscape(label.id),
    }));
    return addLabelsIn(store, { name: record.name, labels, outputs: await outputsIn(store, record) });
  });
}

/** What a registered version answers. */
export async function outputsIn(store: Store, { name, version }: Model): Promise<Manifest["outputs"]> {
  return verifyBundle(await store.models.folder(`${name}@${version}`)).manifest.outputs;
}

/**
 * Takes labels in as feedback and ticks them off, all or none.
 * @throws QuernError TARGET_UNUSABLE for a label that is no value of the target
 */
export async function addLabelsIn(
  store: Store,
  {
    name,
    labels,
    outputs,
  }: {
    readonly name: string;
    readonly labels: readonly Feedback[];
    readonly outputs: Manifest["outputs"];
  },
): Promise<LabelResult> {
  checkLabels(labels, outputs);
  const imported = await store.labels.addLabels(name, labels);
  return { ...(await nothing(name, store)), imported };
}

function checkLabels(labels: readonly Feedback[], outputs: Manifest["outputs"]): void {
  const isKnown = ({ actual }: Feedback): boolean =>
    outputs.kind === "classes"
      ? outputs.classes.includes(actual)
      : actual.trim() !== "" && Number.isFinite(Number(actual));
  const wrong = labels.filter((label) => !isKnown(label));
  if (wrong.length === 0) return;
  const { id, actual } = wrong[0]!;
  const wanted = outputs.kind === "classes" ? outputs.classes.slice(0, 20).join(", ") : "numbers";
  throw new QuernError(
    "TARGET_UNUSABLE",
    `${wrong.length === 1 ? "One label is no value" : `${wrong.length} labels are no values`} of the target: ${JSON.stringify(actual)} of prediction ${id}. Nothing was taken in.`,
    { details: { examples: wrong.slice(0, 10) }, hint: `The model knows ${wanted}.` },
  );
}

function withQueue(
  reference: string,
  options: WorkflowOptions,
  use: (model: Model, store: Store, context: WorkflowContext) => Promise<LabelResult>,
): Promise<LabelResult> {
  const context = workflowContext(options);
  return withStore(storeFolder(options), context, async (store) =>
    use(await store.models.get(reference), store, context),
  );
}

async function nothing(model: string, store: Store): Promise<LabelResult> {
  return {
    model,
    counts: await store.labels.counts(model),
    items: [],
    exported: null,
    skipped: null,
    imported: null,
  };
}

const OWN = ["id", "label", "prediction", "reason"] as const;

function csvOf(items: readonly LabelItem[]): string {
  const names = [...new Set(items.flatMap(({ inputs }) => Object.keys(inputs)))];
  const heading = names.map((name) => ((OWN as readonly string[]).includes(name) ? `input_${name}` : name));
  const lines = items.map(({ id, prediction, reason, inputs }) =>
    csvLine([id, "", prediction, reason, ...names.map((name) => cellText(inputs[name]))], true),
  );
  return csvLine([...OWN, ...heading], true) + lines.join("");
}

function cellText(value: unknown): string | number {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "string") return value;
  return typeof value === "boolean" ? String(value) : JSON.stringify(value);
}

function jsonLinesOf(items: readonly LabelItem[]): string {
  return items
    .map(({ id, prediction, reason, score, inputs }) => {
      return `${JSON.stringify({ id, label: null, prediction, reason, score, inputs })}\n`;
    })
    .join("");
}
