import { openDataset } from "../../capabilities/data/datasets/index.js";
import { readFrame } from "../../engines/table/index.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import type { ColumnKind, ColumnSchema } from "../../foundation/contracts/column.js";
import { type Column, createFrame, type Frame } from "../../foundation/contracts/frame.js";
import { plainCell } from "../../foundation/contracts/frame-cell.js";
import type { Model, Store } from "../../foundation/contracts/store.js";
import type { Target } from "../../foundation/contracts/target.js";
import type { WorkflowContext } from "../context.js";

/** Labelled predictions to learn from. */
export interface LabelledPredictions {
  readonly inputs: Frame;
  readonly target: Target;
  /** When they were made, epoch milliseconds. */
  readonly at: Float64Array;
}

export interface TrainingFile {
  readonly rows: number;
  /** As the champion's training read them, so that nothing is inferred anew. */
  readonly kinds: Readonly<Record<string, ColumnKind>>;
}

export interface TrainingFileRequest {
  /** JSON Lines to write. */
  readonly path: string;
  readonly champion: Model;
  readonly targetName: string;
  /** The project's time column: of predictions it is the time they were made. */
  readonly timeName: string | undefined;
  readonly labelled: LabelledPredictions;
  /** Whether the rows of the champion's training come first. */
  readonly withTraining: boolean;
}

/** Rows of one meaning from both sources: values, not the texts in which each source wrote them. */
export async function writeTrainingFile(
  request: TrainingFileRequest,
  store: Store,
  context: WorkflowContext,
): Promise<TrainingFile> {
  const { champion, labelled, targetName, timeName } = request;
  const dataset = await store.datasets.get(champion.dataset!);
  const { table, schema } = await openDataset(dataset, store.blobs, context);
  try {
    const columns = schema.filter((column) => column.kind !== "ignore");
    const training = request.withTraining ? await readFrame(table, columns) : createFrame([], 0);
    const fresh = labelledFrame(labelled, targetName, timeName);
    const lines = [...jsonLines(training), ...jsonLines(fresh)];
    writeFileAtomic(request.path, `${lines.join("\n")}\n`);
    return { rows: lines.length, kinds: kindsOf(columns, targetName) };
  } finally {
    await table.close();
  }
}

/** The target's kind follows from the task. */
function kindsOf(schema: readonly ColumnSchema[], targetName: string): Record<string, ColumnKind> {
  return Object.fromEntries(
    schema.filter(({ name }) => name !== targetName).map(({ name, kind }) => [name, kind]),
  );
}

function labelledFrame(
  { inputs, target, at }: LabelledPredictions,
  targetName: string,
  timeName: string | undefined,
): Frame {
  const truth: Column =
    target.task === "regression"
      ? { kind: "number", values: target.values }
      : { kind: "category", codes: target.codes, dictionary: target.classes };
  const time: [string, Column][] =
    timeName === undefined || inputs.columns.has(timeName)
      ? []
      : [[timeName, { kind: "datetime", values: at }]];
  return createFrame([...inputs.columns, ...time, [targetName, truth]], inputs.rows);
}

function jsonLines(frame: Frame): string[] {
  const columns = [...frame.columns];
  return Array.from({ length: frame.rows }, (_, row) => {
    // Pairs, not an object: a column may be called `__proto__`.
    const cells = columns.flatMap(([name, column]) => {
      const value = plainCell(column, row);
      return value === undefined ? [] : [`${JSON.stringify(name)}:${JSON.stringify(value)}`];
    });
    return `{${cells.join(",")}}`;
  });
}
