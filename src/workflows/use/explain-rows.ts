import { extname, resolve } from "node:path";
import type { LoadedBundle } from "../../capabilities/bundles/index.js";
import { type ColumnLimit, describeRows, explanationReport } from "../../capabilities/explanations/index.js";
import { createTransforms } from "../../capabilities/features/index.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { QuernError } from "../../foundation/base/errors.js";
import { nearest } from "../../foundation/base/nearest.js";
import { createRandom } from "../../foundation/base/random.js";
import type {
  ExplanationDocument,
  ExplanationMethod,
  RowExplanations,
} from "../../foundation/contracts/explanation.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";
import { tabularTask } from "../../foundation/contracts/structured.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { explainFully } from "./explain-fully.js";
import { completeRows, type OpenExplainer, openExplainer, predictionsOf } from "./open-explainer.js";
import { withModel } from "./open-model.js";
import { idColumn, openRows, type ReadingOptions, readEveryInput, readIds } from "./reading.js";

export interface ExplainRowsRequest {
  readonly model: string;
  readonly source: string;
  readonly reading?: ReadingOptions;
  readonly method?: "auto" | ExplanationMethod;
  /** Explains this class; default the second of two, of more the most probable of each row. */
  readonly explainedClass?: string;
  /** Rows from the start of the file; default 10,000, or 100 where the model is asked. */
  readonly rows?: number;
  /** Coalitions of columns asked of the model for each row, where it is asked; default 256. */
  readonly coalitions?: number;
  /** Default 0. */
  readonly seed?: number;
  /** .csv or .jsonl. */
  readonly out?: string;
  /** HTML file to write: contributions, dependence, interactions, counterfactuals and rules. */
  readonly report?: string;
  readonly language?: "en" | "zh";
  /** What may change in the counterfactuals of the report, by column. */
  readonly limits?: Readonly<Record<string, ColumnLimit>>;
}

export interface ExplainRowsResult extends RowExplanations {
  /** Rows of the file. */
  readonly total: number;
  readonly output: string | null;
  readonly report: string | null;
}

const MOST_ROWS = 10_000;
const MOST_ASKED_ROWS = 100;
export const EXPLANATION_COALITIONS = 256;
/** Each costs a prediction for every coalition. */
export const ASKED_BACKGROUND_ROWS = 32;

/**
 * What each column contributed to the prediction of each row (Shapley values, contracts/explanation).
 * @throws QuernError MODEL_NOT_FOUND, PREDICTION_INPUT, USAGE, UNSUPPORTED
 */
export async function explainRows(
  request: ExplainRowsRequest,
  options: WorkflowOptions = {},
): Promise<ExplainRowsResult> {
  const context = workflowContext(options);
  if (request.out !== undefined) checkEnding(request.out);
  return withModel(request.model, context, options, async ({ bundle }) => {
    checkClass(bundle, request.explainedClass);
    checkLimits(bundle, request.limits ?? {});
    const data = await openRows(request.source, request.reading ?? {}, context);
    try {
      const { table } = data;
      const range = { start: 0, end: request.rows ?? MOST_ROWS };
      const read = completeRows(bundle, await readEveryInput(data, bundle.manifest, range));
      const explainer = await openExplainer(bundle, {
        hostTransforms: createTransforms(),
        method: request.method ?? "auto",
        coalitions: request.coalitions ?? EXPLANATION_COALITIONS,
        random: createRandom(request.seed ?? 0).fork("explain"),
        fallback: read,
        backgroundRows: ASKED_BACKGROUND_ROWS,
      });
      try {
        const asked = explainer.basis.method === "kernel" || explainer.basis.method === "permutation";
        const count = Math.min(read.rows, request.rows ?? (asked ? MOST_ASKED_ROWS : MOST_ROWS));
        const rows = firstRows(read, count);
        const id = idColumn(bundle.manifest, table);
        const ids = id === undefined ? undefined : await readIds(table, id, { start: 0, end: count });
        const found = await explainFrame(bundle, explainer, rows, {
          ids,
          explainedClass: request.explainedClass,
        });
        const output =
          request.out === undefined ? null : writeRows(resolve(context.folder, request.out), found);
        const report = await writeReport(request, context.folder, () =>
          explainFully(bundle, predictionsOf(bundle), read, {
            contributions: found,
            data: explainer.background,
            seed: request.seed ?? 0,
            limits: request.limits ?? {},
          }),
        );
        return { ...found, total: table.rows, output, report };
      } finally {
        await explainer.close();
      }
    } finally {
      await data.close();
    }
  });
}

async function writeReport(
  { report, model, source, language = "en" }: ExplainRowsRequest,
  folder: string,
  explain: () => Promise<ExplanationDocument>,
): Promise<string | null> {
  if (report === undefined) return null;
  const path = resolve(folder, report);
  writeFileAtomic(path, explanationReport(await explain(), { model, source }, language));
  return path;
}

/** Explains rows that have every column of the model. */
export async function explainFrame(
  bundle: LoadedBundle,
  explainer: OpenExplainer,
  rows: Frame,
  wish: { readonly ids?: readonly string[] | undefined; readonly explainedClass?: string | undefined },
): Promise<RowExplanations> {
  const { name, version, task, outputs } = bundle.manifest;
  const { ids, explainedClass } = wish;
  const [contributions, predictions] = await Promise.all([
    explainer.explain(rows),
    predictionsOf(bundle).predict(rows),
  ]);
  const described = describeRows({
    contributions,
    basis: explainer.basis,
    classes: outputs.kind === "classes" ? outputs.classes : [],
    predictions,
    ...(explainedClass === undefined ? {} : { explainedClass }),
    ...(ids ? { ids } : {}),
  });
  const explained = tabularTask(task, "Explaining");
  return { model: name, version, task: explained, basis: explainer.basis, ...described };
}

function firstRows(frame: Frame, count: number): Frame {
  return frame.rows <= count
    ? frame
    : takeRows(
        frame,
        Int32Array.from({ length: count }, (_, row) => row),
      );
}

/** @throws QuernError USAGE */
export function checkClass({ manifest }: Pick<LoadedBundle, "manifest">, wanted: string | undefined): void {
  if (wanted === undefined) return;
  const { name, outputs } = manifest;
  if (outputs.kind !== "classes") {
    throw new QuernError("USAGE", `${name} predicts no class, so there is none to explain.`, {
      hint: "Leave `--class` out.",
    });
  }
  if (outputs.classes.includes(wanted)) return;
  const guess = nearest(wanted, outputs.classes);
  const known = outputs.classes.slice(0, 20).join(", ");
  throw new QuernError(
    "USAGE",
    `${name} knows no class ${JSON.stringify(wanted)}; its classes are ${known}.`,
    {
      ...(guess === undefined ? {} : { hint: `Did you mean ${JSON.stringify(guess)}?` }),
      details: { class: wanted },
    },
  );
}

/** @throws QuernError DATA_COLUMN_UNKNOWN */
function checkLimits({ manifest }: LoadedBundle, limits: Readonly<Record<string, ColumnLimit>>): void {
  const known = manifest.inputs.map(({ column }) => column.name);
  const unknown = Object.keys(limits).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const guess = nearest(unknown, known);
  throw new QuernError(
    "DATA_COLUMN_UNKNOWN",
    `${manifest.name} takes no column ${JSON.stringify(unknown)}.`,
    {
      ...(guess === undefined ? {} : { hint: `Did you mean ${JSON.stringify(guess)}?` }),
      details: { column: unknown },
    },
  );
}

const ENDINGS = [".csv", ".jsonl"];

function checkEnding(out: string): void {
  if (ENDINGS.includes(extname(out).toLowerCase())) return;
  throw new QuernError("USAGE", `The output ${JSON.stringify(out)} ends in none of ${ENDINGS.join(", ")}.`, {
    hint: "Name the file with one of these endings.",
  });
}

/** One line a row: id or row, class, prediction, base, score, and `contribution_<column>` for each column. */
function writeRows(path: string, { rows, basis }: RowExplanations): string {
  const withIds = rows.some((row) => row.id !== undefined);
  const names = [
    withIds ? "id" : "row",
    ...["class", "prediction", "base", "score"],
    ...basis.columns.map((column) => `contribution_${column}`),
  ];
  const lines = rows.map((row) => [
    withIds ? row.id! : row.row,
    ...[row.class, row.prediction, row.base, row.score],
    ...row.contributions,
  ]);
  const text =
    extname(path).toLowerCase() === ".csv"
      ? [names, ...lines].map((line) => line.map(csvCell).join(",")).join("\n")
      : lines
          .map((line) => JSON.stringify(Object.fromEntries(line.map((value, k) => [names[k], value]))))
          .join("\n");
  writeFileAtomic(path, `${text}\n`);
  return path;
}

function csvCell(value: string | number | null): string {
  if (typeof value !== "string") return value === null ? "" : String(value);
  return /[",\n\r]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
