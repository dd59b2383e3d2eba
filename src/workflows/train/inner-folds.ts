import { foldAssignments } from "../../capabilities/data/splits/folds.js";
import type { SplitInput } from "../../capabilities/data/splits/split-input.js";
import { type ErrorCode, QuernError } from "../../foundation/base/errors.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Split } from "../../foundation/contracts/split.js";
import { type Target, type TaskType, takeTarget, takeWeights } from "../../foundation/contracts/target.js";
import { durationSeconds } from "../learn/agenda.js";
import type { Fold, LearningMaterial } from "../learn/material.js";
import { featureSteps } from "../project/feature-steps.js";
import { joinedColumns, pretrainedTokenizer, usesPretrained } from "../project/pretrained.js";
import type { Division } from "./divide.js";
import type { PreparedData } from "./prepare.js";

/** Up to so many learning rows, so many folds: fewer rows need more of them to learn from, and are cheap. */
const FOLDS_BY_ROWS: readonly (readonly [rows: number, folds: number])[] = [
  [4_000, 8],
  [20_000, 5],
  [100_000, 3],
];

const DISTILLATION_FOLDS = 3;
/**
 * Cells (rows x columns x outputs) of all folds together for each second of a timed training, beyond which folds would
 * leave no time to try anything: boosting takes two to ten millionths of a second for one.
 */
const MOST_CELLS_A_SECOND = 250_000;

/** What the number of folds depends on beside the rows. */
export interface LearningShape {
  readonly hasImages: boolean;
  readonly columns: number;
  /** Classes of a task of more than two, otherwise 1. */
  readonly outputs: number;
}

export function learningShape(
  { columns }: Frame,
  { task, classes = [] }: { readonly task: TaskType; readonly classes?: readonly string[] },
): LearningShape {
  const hasImages = [...columns.values()].some(({ kind }) => kind === "image");
  return { hasImages, columns: columns.size, outputs: task === "multiclass" ? classes.length : 1 };
}

/**
 * How often each configuration is fitted inside the training. One, on the validation rows, where nothing is
 * combined, where rows are ordered by time, where images are looked at or a pretrained encoder reads, where there are
 * enough rows, and where there are too many for the time that was given.
 */
export function innerFolds(
  project: Project,
  { record, whole }: Division,
  { hasImages, columns, outputs }: LearningShape,
): number {
  const { kind, folds } = project.ensemble;
  if (folds !== undefined) return folds;
  const alone = project.models !== "auto" && project.models.length === 1 && !isSearched(project);
  if (kind === "none" || alone || record.config.kind === "time") return 1;
  // A network that looks, or a pretrained one that reads, costs minutes, a fold of it as much again.
  if (hasImages || usesPretrained(project)) return 1;
  const rows = whole.train.length + whole.validation.length;
  // What teaches must have spoken of every row.
  const most = project.ensemble.distill ? DISTILLATION_FOLDS : 1;
  const usual = FOLDS_BY_ROWS.find(([limit]) => rows <= limit)?.[1] ?? most;
  const seconds = durationSeconds(project.tuning.time) ?? Number.POSITIVE_INFINITY;
  return usual * rows * columns * outputs > MOST_CELLS_A_SECOND * seconds ? most : usual;
}

const isSearched = ({ tuning }: Project): boolean => tuning.trials !== undefined || tuning.time !== undefined;

/** The learning rows of a split by their numbers in the table, and the material made of them. */
export interface GatheredMaterial {
  readonly material: LearningMaterial;
  readonly rows: Int32Array;
}

/**
 * The training and validation rows of a split as learning material: cut into folds in which equal rows (and
 * rows of one group) stay together, or with the validation rows as the one holdout.
 * @param clean drops the rows that the project cleans away
 */
export function gatherMaterial(
  { prepared, project, division }: { prepared: PreparedData; project: Project; division: Division },
  split: Split,
  target: Target,
  clean: (rows: Int32Array) => Int32Array,
): GatheredMaterial {
  const wanted = innerFolds(project, division, learningShape(prepared.features, target));
  const { features, weights } = prepared;
  const tokenizer = pretrainedTokenizer(project);
  const joined = joinedColumns(project);
  const gathered = (rows: Int32Array, folds: readonly Fold[]): GatheredMaterial => ({
    rows,
    material: {
      frame: takeRows(features, rows),
      target: takeTarget(target, rows),
      ...takeWeights(weights, rows),
      folds,
      ...(project.features.length > 0 ? { steps: featureSteps(project) } : {}),
      ...(tokenizer === undefined ? {} : { tokenizer }),
      ...(joined.length > 0 ? { joined } : {}),
    },
  });
  if (wanted > 1) {
    const rows = clean(Int32Array.from([...split.train, ...split.validation]).sort());
    const folds = cut(rows, wanted, division.input, project);
    if (folds) return gathered(rows, folds);
  }
  const train = clean(split.train);
  const rows = Int32Array.from([...train, ...split.validation]);
  const position = (_: unknown, i: number): number => i;
  return gathered(rows, [
    {
      fit: Int32Array.from(train, position),
      heldOut: Int32Array.from(split.validation, (_, i) => train.length + i),
    },
  ]);
}

/** Too few rows, or but one class that occurs more than once among those left to learn from. */
const UNDIVIDABLE: readonly ErrorCode[] = ["DATA_TOO_FEW_ROWS", "TARGET_UNUSABLE"];

/** Undefined when the rows (few, or nearly all equal, or of few groups or classes) cannot be cut so often. */
function cut(
  rows: Int32Array,
  count: number,
  input: SplitInput,
  project: Project,
): readonly Fold[] | undefined {
  const config = {
    kind: "folds" as const,
    folds: count,
    repeats: 1,
    stratified: true,
    ...(input.groups ? { group: project.data.group ?? "" } : {}),
  };
  const only = restrict(input, rows);
  try {
    const assignment = foldAssignments(config, only);
    const codes = Array.from(rows, (row) => assignment[row]!);
    return Array.from({ length: count }, (_, fold) => ({
      fit: positions(codes, (code) => code !== fold),
      heldOut: positions(codes, (code) => code === fold),
    }));
  } catch (failure) {
    if (QuernError.is(failure) && UNDIVIDABLE.includes(failure.code)) return undefined;
    throw failure;
  }
}

function positions(codes: readonly number[], matches: (code: number) => boolean): Int32Array {
  return Int32Array.from(codes.keys()).filter((position) => matches(codes[position]!));
}

/** The input with a target for the given rows alone, so that no other is used. */
function restrict(input: SplitInput, rows: Int32Array): SplitInput {
  const { target } = input;
  const seed = `${input.seed}/inner`;
  if (!target) return { ...input, seed };
  const wanted = new Uint8Array(input.rowHashes.length);
  for (const row of rows) wanted[row] = 1;
  if (target.task === "regression")
    return {
      ...input,
      seed,
      target: { ...target, values: target.values.map((value, row) => (wanted[row] ? value : Number.NaN)) },
    };
  return {
    ...input,
    seed,
    target: { ...target, codes: target.codes.map((code, row) => (wanted[row] ? code : -1)) },
  };
}
