/**
 * Structured tasks (structured prediction): the answer for a row has a structure of its own. What is true of a row is
 * written in one column of the table as JSON, so that sources, versions, splits and files of rows are those of all tables.
 */
import { z } from "zod";
import { QuernError } from "../base/errors.js";
import { TASK_TYPES, type TaskType } from "./target.js";

/** Grows by issue. */
export const STRUCTURED_TASKS = ["multilabel", "tagging", "detection", "segmentation"] as const;
export type StructuredTask = (typeof STRUCTURED_TASKS)[number];

/** What a model may be for. `embedding`: nothing is predicted, its answer is a vector. */
export const MODEL_TASKS = [...TASK_TYPES, ...STRUCTURED_TASKS, "embedding"] as const;
export type ModelTask = (typeof MODEL_TASKS)[number];
export const modelTaskSchema = z.enum(MODEL_TASKS);

/** What a project may ask for. */
export const PROJECT_TASKS = [...TASK_TYPES, ...STRUCTURED_TASKS] as const;
export type ProjectTask = (typeof PROJECT_TASKS)[number];
export const projectTaskSchema = z.enum(PROJECT_TASKS);

export function isStructured(task: ModelTask | undefined): task is StructuredTask {
  return (STRUCTURED_TASKS as readonly (string | undefined)[]).includes(task);
}

export function isTabular(task: ModelTask | undefined): task is TaskType {
  return (TASK_TYPES as readonly (string | undefined)[]).includes(task);
}

/**
 * The task, where it is one of those of tables.
 * @param what the work that needs one, as the subject of a sentence: "Monitoring"
 * @throws QuernError UNSUPPORTED
 */
export function tabularTask(task: ModelTask, what: string): TaskType {
  if (isTabular(task)) return task;
  throw new QuernError("UNSUPPORTED", `${what} is for classes and numbers; the task here is ${task}.`, {
    details: { task },
    hint: "These verbs work with every task: train, predict, evaluate, serve, export, models, runs.",
  });
}

/** A stretch of a text: UTF-16 offsets as in JavaScript strings, the end is not part of it. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
  /** Index in the target's labels. */
  readonly label: number;
}

/** A rectangle in a picture; all four are shares of its width and height, 0..1. */
export interface PictureBox {
  /** Left and upper edge. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Index in the target's labels. */
  readonly label: number;
  /** Many objects in one box: to find one of them is neither right nor wrong. */
  readonly isCrowd?: boolean;
}

interface Labelled {
  /** Every name that occurs or may occur, each once. */
  readonly labels: readonly string[];
}
/** Any number of labels, also none. */
export interface MultilabelTarget extends Labelled {
  readonly task: "multilabel";
  /** Of each row: indices in `labels`, ascending. */
  readonly rows: readonly (readonly number[])[];
}
export interface TaggingTarget extends Labelled {
  readonly task: "tagging";
  /** Of each row: stretches of its text in order, none inside another. */
  readonly rows: readonly (readonly TextSpan[])[];
}
export interface DetectionTarget extends Labelled {
  readonly task: "detection";
  readonly rows: readonly (readonly PictureBox[])[];
}
export interface SegmentationTarget extends Labelled {
  readonly task: "segmentation";
  readonly height: number;
  readonly width: number;
  /** Of each row [height, width] indices in `labels`; 255: not counted. */
  readonly rows: readonly Uint8Array[];
}
/** What is true of each row. */
export type StructuredTarget = MultilabelTarget | TaggingTarget | DetectionTarget | SegmentationTarget;
export type TargetOf<Task extends StructuredTask> = Extract<StructuredTarget, { readonly task: Task }>;

/** The given rows, in the given order. Labels stay, also those that no row has. */
export function takeStructures<Target extends StructuredTarget>(
  target: Target,
  rows: ArrayLike<number>,
): Target {
  const taken = Array.from({ length: rows.length }, (_, index) => target.rows[rows[index]!]!);
  return { ...target, rows: taken };
}
