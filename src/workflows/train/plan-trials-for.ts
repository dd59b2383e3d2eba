import { describeColumns, expectedWidth } from "../../capabilities/features/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { FeatureStyle, Trainer } from "../../foundation/contracts/trainer.js";
import type { Division } from "./divide.js";
import type { PreparedData } from "./prepare.js";
import { planTrials, type TrialList } from "./trials.js";

/** The trials for these data, estimated by the width each family's features will have. @throws QuernError DATA_SCHEMA */
export function planTrialsFor(
  prepared: PreparedData,
  division: Division,
  project: Project,
  { trainers, threads }: { readonly trainers: readonly Trainer[]; readonly threads: number },
): TrialList {
  const rows = division.whole.train.length;
  const { task } = prepared.target;
  const classes = Math.max(1, prepared.target.classes.length);
  const facts = describeColumns(takeRows(prepared.features, division.whole.train));
  const widths = new Map<FeatureStyle, number>();
  const widthOf = (style: FeatureStyle): number => {
    const known = widths.get(style) ?? expectedWidth(facts, style, { rows, task, classes, segmenter: true });
    widths.set(style, known);
    return known;
  };
  if (widthOf("tree") === 0) throw nothingToLearnFrom(prepared);
  return planTrials(project, trainers, task, ({ capabilities }) => ({
    rows,
    features: Math.max(1, widthOf(capabilities.features)),
    task,
    classes,
    threads,
  }));
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
