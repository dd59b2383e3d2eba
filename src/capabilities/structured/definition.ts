/** What makes a structured task: one object, from which the course of training, judging and predicting follows. */
import type { Random } from "../../foundation/base/random.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import type { Finding } from "../../foundation/contracts/finding.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import type { DecodeImage } from "../../foundation/contracts/image-cells.js";
import type { SourceFormat } from "../../foundation/contracts/source.js";
import type { StructuredTask, TargetOf } from "../../foundation/contracts/structured.js";
import type { StructuredAnswer, StructuredOutputs } from "../../foundation/contracts/structured-answers.js";
import type { StructureTensors } from "../../foundation/contracts/structured-trainer.js";

export interface StructuredTaskDefinition<Task extends StructuredTask = StructuredTask> {
  readonly task: Task;
  /** Raised whenever equal data would be read, prepared or judged otherwise; part of every cache key. */
  readonly version: number;
  /** Formats of sources that mean this task and no other. */
  readonly formats: readonly SourceFormat[];
  /** The column that holds the truth, where the project names none. */
  readonly targetColumn: string;
  /** Kind that the model's one input column must have; absent: it learns from all columns, of whatever kind. */
  readonly input?: "text" | "image";
  /** Of pictures: the longer side at which models look at them, where the project says nothing and they are not small. */
  readonly pictureSide?: number;
  /** The decisive one first. */
  readonly metrics: readonly StructureMetric[];
  /**
   * What is true of each row by the cells of the target column; "" = missing.
   * @throws QuernError TARGET_UNUSABLE, DATA_MALFORMED naming the row
   */
  parse(cells: readonly string[], context: ParseContext): Promise<ParsedTruth<Task>>;
  /** Trainers for such columns where the project names none, by id; absent: the first of the task. */
  preferred?(inputs: Frame): readonly string[];
  /** How the raw columns become what a trainer takes. */
  plan(request: PlanRequest): StructurePlan;
  /** What the bundle says of its outputs. */
  outputs(request: OutputsRequest<Task>): StructuredOutputs;
  judge(request: JudgeRequest<Task>): Evaluation;
  /** What can be said without a model, from what training rows hold; absent: nothing worth comparing with. */
  baseline?(train: JudgedTruth<Task>, inputs: Frame): StructuredAnswer[];
}

export interface StructureMetric {
  /** Kebab-case. */
  readonly id: string;
  readonly title: string;
  readonly direction: "maximize" | "minimize";
}

export interface ParseContext {
  /** The raw input columns, all rows. */
  readonly inputs: Frame;
  /** Labels that are known from elsewhere, in their order: those of a model that is judged. Absent: by the cells. */
  readonly labels?: readonly string[];
  /** Bytes of a file that a cell names, inside the folder of the table. @throws QuernError */
  readFile(cell: string): Uint8Array;
  readonly decodeImage: DecodeImage;
}

export interface ParsedTruth<Task extends StructuredTask> {
  /** One entry a row of the table. */
  readonly target: TargetOf<Task>;
  /** Rows whose truth is known, ascending. */
  readonly rows: Int32Array;
  readonly findings: readonly Finding[];
}

export interface PlanRequest {
  /** Raw columns of training rows. */
  readonly inputs: Frame;
  /** Of the trainer. */
  readonly trainer: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The text of a `tokenizer.json` that belongs to a pretrained encoder of the configuration. */
  readonly tokenizer?: string;
  /** Text columns that networks read as one text, in this order. */
  readonly joined?: readonly string[];
}

/** A feature plan; the transforms of `capabilities/features` by their ids. */
export interface StructurePlan {
  readonly columns: readonly string[];
  readonly steps: readonly {
    readonly transform: string;
    readonly columns?: readonly string[];
    readonly config?: Readonly<Record<string, unknown>>;
    readonly keepInputs?: boolean;
  }[];
}

export interface OutputsRequest<Task extends StructuredTask> {
  /** Of training rows; what counts are its labels and sizes. */
  readonly target: TargetOf<Task>;
  /** Names of the raw columns that the model reads. */
  readonly inputs: readonly string[];
  /** Names of the feature columns, in their order. */
  readonly features: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  /** What the model says of validation rows, and what is true of them: for thresholds. */
  readonly validation?: { readonly target: TargetOf<Task>; readonly tensors: StructureTensors };
}

export interface JudgedTruth<Task extends StructuredTask> {
  readonly target: TargetOf<Task>;
  /** Raw columns of the same rows. */
  readonly inputs: Frame;
}

export interface JudgeRequest<Task extends StructuredTask> extends JudgedTruth<Task> {
  /** One a row. */
  readonly answers: readonly StructuredAnswer[];
  readonly baseline?: readonly StructuredAnswer[];
  /** Numbers of the rows in the table. */
  readonly rowNumbers: ArrayLike<number>;
  /** `test`, `validation`, or the name of other data. */
  readonly split: string;
  /** The decisive one; default the first. */
  readonly metric?: string;
  readonly random: Random;
  /** Wanted bootstrap resamples; 0: no intervals, and no rows are shown: for choices between models. */
  readonly resamples: number;
  readonly signal: AbortSignal;
}

export function defineStructuredTask<Task extends StructuredTask>(
  definition: StructuredTaskDefinition<Task>,
): StructuredTaskDefinition<Task> {
  return Object.freeze(definition);
}
