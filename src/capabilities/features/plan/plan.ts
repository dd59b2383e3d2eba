import type { FeatureStyle } from "../../../foundation/contracts/trainer.js";
import type { FeaturePlan, PipelineStep } from "../pipeline/pipeline.js";
import type { ColumnFacts } from "./facts.js";
import { affordableWidth, type PlanLimits } from "./limits.js";
import { textSteps } from "./text.js";

/** Tree learners keep a code for each of so many categories; the rest is `(other)`. */
const TREE_CATEGORIES = 250;
/** Up to so many categories get columns of their own; above, the target speaks for them. */
const ONE_HOT_CATEGORIES = 100;
/** Up to so many categories get an embedding of their own. */
const EMBEDDED_CATEGORIES = 1000;
/** Of the others, the commonest still get a column. */
const ONE_HOT_COMMONEST = 30;
/**
 * Linear models get every number also as its Yeo-Johnson power, which was as good or better on all sets tried
 * (adult: AUC .9065 to .9131); distances only where a column is skewed and no single value fills half of it.
 */
const POWER_DISTINCT = 10;
const POWER_SKEWNESS = { linear: 0.2, distance: 1 };
const POWER_COMMONEST = 0.5;

/** Numbers that are codes are categories as well. */
type Kinds = (kind: ColumnFacts["kind"]) => ColumnFacts[];

/**
 * The pipeline that suits a model family. Constant and empty columns are left out, like ids.
 * Vectors are dense, so their widths are bounded by `limits.bytes`.
 */
export function planFeatures(
  facts: readonly ColumnFacts[],
  style: FeatureStyle,
  limits: PlanLimits,
): FeaturePlan {
  const usable = facts.filter(
    (column) => isUsable(column, limits.rows) && (column.kind !== "image" || style === "encoders"),
  );
  if (style === "none") return planNothing(usable.length > 0 ? usable : facts);
  const kinds: Kinds = (kind) =>
    usable.filter((column) => column.kind === kind || (kind === "category" && column.isCode));
  const codes = step(
    "as-category",
    usable.filter(({ isCode }) => isCode),
    {},
    { keepInputs: true },
  );
  const common = [...textSteps(kinds("text"), style, limits), ...roundingSteps(kinds), ...codes];
  const columns = inJoinedOrder(names(usable), limits.joined ?? []);
  return { columns, steps: [...common, ...stepsOf(style, kinds, limits)] };
}

function stepsOf(style: Exclude<FeatureStyle, "none">, kinds: Kinds, limits: PlanLimits): PipelineStep[] {
  switch (style) {
    case "tree":
      return treeSteps(kinds, limits);
    case "counts":
      return countSteps(kinds, limits);
    case "neural":
    case "encoders":
      return [...neuralSteps(kinds), ...categorySteps(kinds("category"), limits)];
    case "embedded":
      return [...neuralSteps(kinds), ...codeSteps(kinds("category"), limits)];
    default:
      return scaledSteps(kinds, limits, style);
  }
}

function isUsable({ kind, missing, distinct }: ColumnFacts, rows: number): boolean {
  if (kind === "id" || missing >= rows) return false;
  // One value and nothing missing tells nothing; one value or missing does.
  return distinct === undefined || distinct + (missing > 0 ? 1 : 0) > 1;
}

const names = (columns: readonly ColumnFacts[]): string[] => columns.map(({ name }) => name);

/** Columns that are joined change places with one another: the first of them is read first. */
function inJoinedOrder(columns: readonly string[], joined: readonly string[]): string[] {
  const wanted = joined.filter((name) => columns.includes(name));
  const isJoined = new Set(wanted);
  return columns.map((name) => (isJoined.has(name) ? wanted.shift()! : name));
}

/** A step for the columns, or none where there are none. */
function step(
  transform: string,
  columns: readonly ColumnFacts[],
  config: Record<string, unknown> = {},
  rest: Partial<PipelineStep> = {},
): PipelineStep[] {
  return columns.length === 0 ? [] : [{ transform, columns: names(columns), config, ...rest }];
}

function roundingSteps(kinds: Kinds): PipelineStep[] {
  return step(
    "to-float32",
    kinds("number").filter(({ isFloat32 }) => isFloat32 === false),
  );
}

/** Raw numbers with NaN, codes of categories, what the target says of many of them, calendar parts. */
function treeSteps(kinds: Kinds, limits: PlanLimits): PipelineStep[] {
  // A number that is a code is split on as it is.
  const categories = kinds("category").filter(({ kind }) => kind === "category");
  const many = categories.filter(({ distinct }) => distinct! > TREE_CATEGORIES);
  return [
    ...step("datetime", kinds("datetime")),
    ...targetStep(targetEncoded(kinds("category"), limits)),
    ...step("rare", many, { minimumShare: 0, minimumRows: 2, maximumCategories: TREE_CATEGORIES }),
    ...step("ordinal", categories),
  ];
}

/** Imputed and scaled numbers, one-hot categories. */
function scaledSteps(kinds: Kinds, limits: PlanLimits, style: "linear" | "distance"): PipelineStep[] {
  const numbers = kinds("number");
  const dates = kinds("datetime");
  const scaled = [...numbers, ...dates, ...kinds("vector")];
  const isBent = ({ skewness, distinct, commonest }: ColumnFacts) =>
    distinct! > POWER_DISTINCT &&
    Math.abs(skewness!) > POWER_SKEWNESS[style] &&
    (style === "linear" || commonest! < POWER_COMMONEST);
  return [
    ...step("datetime", dates, { cyclic: true, indicator: true }),
    ...imputeSteps(kinds),
    ...step("yeo-johnson", numbers.filter(isBent), {}, { keepInputs: style === "linear" }),
    ...step("standard", scaled),
    // Infinite and absurd values stay finite without moving anything ordinary.
    ...step("clip", scaled, { low: -20, high: 20 }),
    ...categorySteps(kinds("category"), limits),
  ];
}

/** Numbers bent to a normal distribution, whatever their own. */
function neuralSteps(kinds: Kinds): PipelineStep[] {
  const vectors = kinds("vector");
  return [
    ...step("datetime", kinds("datetime"), { cyclic: true, indicator: true }),
    ...imputeSteps(kinds),
    ...step("quantile", [...kinds("number"), ...kinds("datetime")], { output: "normal" }),
    ...step("standard", vectors),
    ...step("clip", vectors, { low: -20, high: 20 }),
  ];
}

/** A code for each category that is not rare; where there are many, what the target says of it as well. */
function codeSteps(categories: readonly ColumnFacts[], limits: PlanLimits): PipelineStep[] {
  const target = targetEncoded(categories, limits);
  return [
    ...targetStep(target),
    ...step("standard", target),
    ...step("rare", categories, {
      minimumShare: 0,
      minimumRows: rareRows(limits),
      maximumCategories: EMBEDDED_CATEGORIES,
    }),
    ...step("ordinal", categories),
  ];
}

/** Parts of a date are missing together, which `datetime` tells itself. */
function imputeSteps(kinds: Kinds): PipelineStep[] {
  return [
    ...step("impute", [...kinds("number"), ...kinds("vector"), ...kinds("boolean")]),
    ...step("impute", kinds("datetime"), { indicator: "none" }),
  ];
}

/** Non-negative: numbers in [0, 1], one-hot categories. */
function countSteps(kinds: Kinds, limits: PlanLimits): PipelineStep[] {
  const dates = kinds("datetime");
  const scaled = [...kinds("number"), ...dates, ...kinds("vector")];
  return [
    ...step("datetime", dates, { indicator: true }),
    ...imputeSteps(kinds),
    ...step("min-max", scaled, { clip: true }),
    ...categorySteps(kinds("category"), limits, false),
  ];
}

function categorySteps(
  categories: readonly ColumnFacts[],
  limits: PlanLimits,
  encodesTarget = true,
): PipelineStep[] {
  const most = affordableCategories(categories, limits);
  const few = categories.filter(({ distinct }) => distinct! <= ONE_HOT_CATEGORIES);
  const many = categories.filter(({ distinct }) => distinct! > ONE_HOT_CATEGORIES);
  const minimumRows = rareRows(limits);
  const target = encodesTarget ? targetEncoded(categories, limits) : [];
  return [
    ...targetStep(target),
    ...step("standard", target),
    ...step("rare", few, { minimumShare: 0, minimumRows, maximumCategories: most }),
    ...step("rare", many, {
      minimumShare: 0,
      minimumRows,
      maximumCategories: Math.min(most, ONE_HOT_COMMONEST),
    }),
    ...step("one-hot", categories),
  ];
}

/** A category of fewer rows is `(rare)`. */
const rareRows = ({ rows }: PlanLimits): number => Math.min(10, Math.max(2, Math.floor(rows / 1000)));

const targetStep = (columns: readonly ColumnFacts[]): PipelineStep[] =>
  step("target-encode", columns, { smoothing: "auto" }, { keepInputs: true });

/** One column for each class would outweigh the rest where there are many. */
function targetEncoded(categories: readonly ColumnFacts[], { task, classes }: PlanLimits): ColumnFacts[] {
  if (task !== "regression" && classes > 20) return [];
  return categories.filter(({ distinct, isCode }) => isCode || distinct! > ONE_HOT_CATEGORIES);
}

/** The largest number of categories per column with which all one-hot columns together fit in memory. */
function affordableCategories(categories: readonly ColumnFacts[], limits: PlanLimits): number {
  const width = affordableWidth(limits);
  let most = ONE_HOT_CATEGORIES;
  const needed = () => categories.reduce((sum, { distinct }) => sum + Math.min(distinct!, most) + 1, 0);
  while (most > 2 && needed() > width) most--;
  return most;
}

/** One small feature, so that a model which ignores its features still knows the number of rows. */
function planNothing(usable: readonly ColumnFacts[]): FeaturePlan {
  const first = usable.find(({ kind }) => kind === "number" || kind === "boolean") ?? usable[0];
  if (!first) return { columns: [], steps: [] };
  const reduce: Partial<Record<ColumnFacts["kind"], PipelineStep[]>> = {
    category: step("ordinal", [first]),
    datetime: step("datetime", [first], { parts: ["year"] }),
    text: step("impute", [first], { indicator: "always" }),
  };
  return { columns: [first.name], steps: reduce[first.kind] ?? [] };
}
