import type { FeatureStyle } from "../../../foundation/contracts/trainer.js";
import type { PipelineStep } from "../pipeline/pipeline.js";
import type { ColumnFacts } from "./facts.js";
import type { PlanLimits } from "./limits.js";
import { planFeatures } from "./plan.js";

/** A text of so many rows has about so many terms in two rows or more. */
const TERMS_PER_ROW = 3;
const CALENDAR_PARTS = 8;

/**
 * About how many features a style's pipeline will make, before it is fitted: enough for estimates of time and
 * memory. 0 means that no column is usable.
 */
export function expectedWidth(
  facts: readonly ColumnFacts[],
  style: FeatureStyle,
  limits: PlanLimits,
): number {
  const plan = planFeatures(facts, style, limits);
  const planned = facts.filter((column) => plan.columns.includes(column.name));
  const widthOf = (column: ColumnFacts): number => {
    const steps = plan.steps.filter((step) => step.columns?.includes(column.name) ?? true);
    const asCategory = (): number =>
      steps.some((step) => step.transform === "one-hot")
        ? Math.min(column.distinct ?? 1, setting(steps, "rare", "maximumCategories"))
        : 1;
    switch (column.kind) {
      case "text":
        if (style === "encoders") return expectedPieces(column);
        return Math.min(
          setting(steps, "select", "maximumFeatures"),
          setting(steps, "tfidf", "maximumFeatures"),
          TERMS_PER_ROW * limits.rows,
        );
      case "number":
        return column.isCode ? 1 + asCategory() : 1;
      case "category":
        return asCategory();
      case "datetime":
        return CALENDAR_PARTS;
      case "image":
        return column.values ?? 1;
      default:
        return 1;
    }
  };
  return planned.reduce((sum, column) => sum + widthOf(column), 0);
}

/** Longest text that networks read, unless they are told otherwise, in pieces. */
const LONGEST = 256;
/** Characters of a piece: of Han, and of other letters. */
const [HAN_PIECE, LETTER_PIECE] = [1.2, 4.3];
/** Nearly all texts are shorter than so many times the mean. */
const LONG_SHARE = 2.2;

/** About how many pieces `subwords` will make of each text of the column. */
export function expectedPieces({ meanLength = 0, hanShare = 0 }: ColumnFacts): number {
  const characters = hanShare * HAN_PIECE + (1 - hanShare) * LETTER_PIECE;
  return Math.min(LONGEST, Math.max(1, Math.ceil((LONG_SHARE * meanLength) / characters)));
}

/** A number that a planned step sets; infinite where no such step is planned. */
function setting(steps: readonly PipelineStep[], transform: string, key: string): number {
  const value = steps.find((step) => step.transform === transform)?.config?.[key];
  return typeof value === "number" ? value : Number.POSITIVE_INFINITY;
}
