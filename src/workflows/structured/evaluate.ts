import type { LoadedBundle } from "../../capabilities/bundles/index.js";
import { inferSchema } from "../../capabilities/data/kinds/index.js";
import { createImageDecoder } from "../../capabilities/vision/index.js";
import { readFrame } from "../../engines/table/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import { type StructuredTask, takeStructures } from "../../foundation/contracts/structured.js";
import {
  hasStructure,
  type StructuredAnswer,
  type StructuredOutputs,
} from "../../foundation/contracts/structured-answers.js";
import { labelsOfTags } from "../../foundation/contracts/tag-sequence.js";
import type { OpenedData } from "../load/open-data.js";
import { answerable, readInputs } from "../use/reading.js";
import { definitionOf } from "./check.js";
import { readCellFile } from "./prepare.js";
import { truthCells, truthColumns } from "./truth-columns.js";

/**
 * What a model of a structured task is worth on labelled rows; rows without a truth, or with a picture that cannot be read, are left out.
 * @param metric the decisive one; absent: the first of the task
 * @throws QuernError DATA_COLUMN_UNKNOWN, DATA_MALFORMED, TARGET_UNUSABLE, PREDICTION_INPUT
 */
export async function evaluateStructure(
  bundle: LoadedBundle,
  data: OpenedData,
  {
    metric,
    resamples,
    signal,
  }: {
    readonly metric?: string | null | undefined;
    readonly resamples: number;
    readonly signal: AbortSignal;
  },
): Promise<Evaluation> {
  const { manifest } = bundle;
  const definition = definitionOf(manifest.task as StructuredTask);
  const cells = await readCells(data, manifest.target, definition.task);
  const read = await readInputs(data, manifest);
  const inputs = read.frame;
  const { target, rows: known } = await definition.parse(cells, {
    inputs,
    labels: labelsOf(manifest.outputs as StructuredOutputs),
    readFile: (cell) => readCellFile(data, cell),
    decodeImage: createImageDecoder(),
  });
  const rows = answerable(read, known);
  if (rows.length === 0) {
    throw new QuernError("TARGET_UNUSABLE", `No row has a value of ${JSON.stringify(manifest.target)}.`, {
      details: { column: manifest.target },
    });
  }
  const judged = takeRows(inputs, rows);
  if (!hasStructure(manifest.outputs)) throw new Error("A structured task without structured outputs.");
  return definition.judge({
    target: takeStructures(target, rows),
    inputs: judged,
    answers: (await bundle.answerFrame(judged)) as StructuredAnswer[],
    rowNumbers: rows,
    split: data.description,
    ...(definition.metrics.some(({ id }) => id === metric) ? { metric: metric! } : {}),
    random: createRandom("evaluate"),
    resamples,
    signal,
  });
}

async function readCells(
  { table }: OpenedData,
  name: string,
  task: StructuredTask,
): Promise<readonly string[]> {
  const names = table.columns.map((column) => column.name);
  const truth = truthColumns(name, names, task);
  if (!truth) {
    throw new QuernError(
      "DATA_COLUMN_UNKNOWN",
      `The data has no column ${JSON.stringify(name)}, which the model predicts.`,
      { details: { column: name } },
    );
  }
  const kinds = Object.fromEntries(truth.map((one) => [one, "text" as const]));
  const { columns } = await inferSchema(table, { kinds });
  const own = columns.filter((column) => truth.includes(column.name));
  return truthCells(await readFrame(table, own), truth);
}

const labelsOf = (outputs: StructuredOutputs): readonly string[] => {
  if (outputs.kind === "vector") return [];
  return outputs.kind === "tags" ? labelsOfTags(outputs.tags) : outputs.labels;
};
