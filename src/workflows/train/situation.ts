import {
  type ColumnFacts,
  describeColumns,
  expectedPieces,
  expectedWidth,
} from "../../capabilities/features/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import { takeTarget } from "../../foundation/contracts/target.js";
import type { FeatureStyle } from "../../foundation/contracts/trainer.js";
import type { WorkflowContext } from "../context.js";
import type { Situation } from "../learn/candidates.js";
import { type Extensions, transformMap } from "../project/extensions.js";
import { columnsToPlanFor } from "../project/feature-steps.js";
import { type Division, wholeTarget } from "./divide.js";
import { innerFolds, learningShape } from "./inner-folds.js";
import type { PreparedData } from "./prepare.js";

/**
 * What the cost of learning depends on, by the width each family's features will have. Estimates are for one
 * thread, so that what is tried does not depend on how many there are.
 * @param facts of the training rows' columns, as features are made from them
 * @throws QuernError DATA_SCHEMA when no column is left to learn from
 */
export function situationOf(
  prepared: PreparedData,
  division: Division,
  project: Project,
  facts: readonly ColumnFacts[],
): Situation {
  const folds = innerFolds(project, division, learningShape(prepared.features, prepared.target));
  const { train, validation } = division.whole;
  const rows = folds > 1 ? train.length + validation.length : train.length;
  const { task } = prepared.target;
  const classes = Math.max(1, prepared.target.classes.length);
  const texts = facts.filter(({ kind }) => kind === "text");
  const widths = new Map<FeatureStyle, number>();
  const widthOf = (style: FeatureStyle): number => {
    const known = widths.get(style) ?? expectedWidth(facts, style, { rows, task, classes, segmenter: true });
    widths.set(style, known);
    return known;
  };
  if (widthOf("tree") === 0 && widthOf("encoders") === 0) throw nothingToLearnFrom(prepared);
  return {
    task,
    rows,
    folds,
    kinds: new Set(facts.map(({ kind }) => kind)),
    hasTable: widthOf("tree") > 0,
    specificationOf: ({ capabilities }) => ({
      rows,
      features: Math.max(1, widthOf(capabilities.features)),
      task,
      classes,
      threads: 1,
      ...(folds > 1 ? {} : { validationRows: validation.length }),
      ...(texts.length > 0 ? { textPieces: texts.reduce((sum, fact) => sum + expectedPieces(fact), 0) } : {}),
    }),
  };
}

/** What plans depend on of the training rows' columns, after the project's own first steps. @throws QuernError CONFIG_INVALID */
export function trainingFacts(
  { features, target }: PreparedData,
  { whole: { train } }: Division,
  project: Project,
  extensions: Extensions,
  context: WorkflowContext,
): readonly ColumnFacts[] {
  const raw = takeRows(features, train);
  const known = takeTarget(wholeTarget(target, features.rows), train);
  const columns =
    project.features.length === 0
      ? raw
      : columnsToPlanFor(project, { raw, target: known }, transformMap(extensions), context);
  return describeColumns(columns, known);
}

function nothingToLearnFrom({ schema, target }: PreparedData): QuernError {
  const others = schema
    .filter((column) => column.name !== target.column)
    .map((column) => `${column.name} (${column.kind})`);
  const listed =
    others.length > 0 ? `: ${others.slice(0, 20).join(", ")} hold ids, nothing, or one value only` : "";
  return new QuernError(
    "DATA_SCHEMA",
    `Beside the target ${JSON.stringify(target.column)} there is no column to learn from${listed}.`,
    {
      details: { columns: others.slice(0, 100) },
      hint: "Give columns that differ between rows, or set their kinds in `data.kinds`.",
    },
  );
}
