/** How a model comes to its predictions, as printed by `explain --json` and as reports show it. Undefined figures are null. */
import { z } from "zod";
import { SCORE_SPACES } from "./model-anatomy.js";
import { taskTypeSchema } from "./target.js";

const count = z.number().int().nonnegative();
const figure = z.number().nullable();

/**
 * `tree`, `linear`: exact, from the model's own structure. `kernel`, `permutation`: from asking the model about rows in
 * which columns are replaced by those of background rows. `surrogate`: exact for small trees that imitate the model on such
 * rows; what they miss of the model's answer is dealt out to the columns.
 */
export const EXPLANATION_METHODS = ["tree", "linear", "surrogate", "kernel", "permutation"] as const;
export type ExplanationMethod = (typeof EXPLANATION_METHODS)[number];

/** What contributions are in, relative to, and worth. */
export const explanationBasisSchema = z.strictObject({
  method: z.enum(EXPLANATION_METHODS),
  /** True where nothing was sampled: the contributions are the Shapley values themselves. */
  exact: z.boolean(),
  /** Unit of base, contributions and score. */
  space: z.enum(SCORE_SPACES),
  /** Background rows that stand for the data; 0: the training rows in the leaves. */
  backgroundRows: count,
  /** Of a surrogate: share of the variance of the model's answers that it explains on rows it has not seen. */
  fidelity: z.number().optional(),
  columns: z.array(z.string()),
});
export type ExplanationBasis = z.infer<typeof explanationBasisSchema>;

export const rowExplanationSchema = z.strictObject({
  /** Index in the given rows. */
  row: count,
  id: z.string().optional(),
  /** The class that is explained; null for a value. */
  class: z.string().nullable(),
  /** What the model answers: the probability of the class, or the value. */
  prediction: figure,
  /** Mean score without knowledge of the row. */
  base: z.number(),
  /** base + sum of contributions, in the unit of the basis. */
  score: z.number(),
  /** One for each column of the basis, in its order. */
  contributions: z.array(z.number()),
});
export type RowExplanation = z.infer<typeof rowExplanationSchema>;

export const additivitySchema = z.strictObject({
  /** Largest |base + sum of contributions - score of the model| / max(1, |score|). */
  largestGap: z.number(),
  limit: z.number(),
  holds: z.boolean(),
});

export const rowExplanationsSchema = z.strictObject({
  model: z.string(),
  version: count,
  task: taskTypeSchema,
  basis: explanationBasisSchema,
  rows: z.array(rowExplanationSchema),
  /** Mean |contribution| by column, largest first. */
  meanAbsolute: z.array(z.strictObject({ column: z.string(), value: z.number() })),
  additivity: additivitySchema,
});
export type RowExplanations = z.infer<typeof rowExplanationsSchema>;

/** What a server says of one prediction: the explanation of a row, by column. */
export const predictionExplanationSchema = explanationBasisSchema
  .pick({ method: true, exact: true, space: true, fidelity: true })
  .extend({
    class: z.string().nullable().describe("the class that is explained; null for a value"),
    base: z.number().describe("mean score without knowledge of the row"),
    score: z.number().describe("base + sum of contributions"),
    contributions: z.record(z.string(), z.number()).describe("Shapley value of each raw column"),
  });
export type PredictionExplanation = z.infer<typeof predictionExplanationSchema>;

/** One class's or the value's average prediction as one column takes the values of a grid (Friedman 2001). */
export const dependenceSchema = z.strictObject({
  column: z.string(),
  kind: z.enum(["number", "boolean", "category", "datetime"]),
  class: z.string().nullable(),
  /** Numbers as they are, datetimes in epoch milliseconds, categories as texts, booleans 0 and 1. */
  grid: z.array(z.union([z.number(), z.string()])),
  average: z.array(z.number()),
  /** Individual conditional expectation: a line for each of some rows (Goldstein et al. 2015). */
  individual: z.array(z.array(z.number())),
  /** Accumulated local effects, centred (Apley and Zhu 2020); numbers and datetimes only. */
  accumulated: z.array(z.number()).nullable(),
  /** By grid place: share of rows for which this value lies farther from the data than the data from each other. */
  extrapolated: z.array(z.number()),
  rows: count,
});
export type Dependence = z.infer<typeof dependenceSchema>;

/** Share of the joint effect of two columns that is interaction: Friedman and Popescu's H squared, 0..1. */
export const interactionSchema = z.strictObject({
  columns: z.tuple([z.string(), z.string()]),
  strength: figure,
  rows: count,
});
export type Interaction = z.infer<typeof interactionSchema>;

const cell = z.union([z.number(), z.string(), z.null()]);

export const counterfactualSchema = z.strictObject({
  row: count,
  wanted: z.string(),
  found: z.boolean(),
  before: z.number(),
  after: figure,
  /** Fewest columns first; distance in units of the columns' spread (a changed category counts 1). */
  changes: z.array(z.strictObject({ column: z.string(), from: cell, to: cell })),
  distance: figure,
  /** Distance to the nearest training row, in the same units, relative to how far training rows lie apart (median). */
  plausibility: figure,
  /** Predictions asked of the model. */
  evaluations: count,
});
export type Counterfactual = z.infer<typeof counterfactualSchema>;

export const ruleConditionSchema = z.strictObject({
  column: z.string(),
  /** `in` a set of categories, or one side of a number. */
  operator: z.enum(["<=", ">", "in", "missing"]),
  value: z.union([z.number(), z.array(z.string()), z.null()]),
});
export type RuleCondition = z.infer<typeof ruleConditionSchema>;

/** Short ordered if-then rules that imitate a model; the first that applies decides. */
export const ruleListSchema = z.strictObject({
  /** The positive class or the class most often predicted; null: values. */
  class: z.string().nullable(),
  rules: z.array(
    z.strictObject({
      /** All must hold; none: the rest. */
      conditions: z.array(ruleConditionSchema),
      /** Mean prediction of the rows it decides. */
      prediction: z.number(),
      /** Share of the learning rows it decides. */
      coverage: z.number(),
    }),
  ),
  /** On held-out rows: share of the variance of the model's predictions that the rules explain. */
  fidelity: figure,
  /** Classes: share of held-out rows on which rules and model choose the same class. */
  agreement: figure,
  rows: count,
  heldOut: count,
});
export type RuleList = z.infer<typeof ruleListSchema>;

/** Everything a report's sections on explanation are made of; what was not computed is absent or empty. */
export const explanationDocumentSchema = z.strictObject({
  contributions: rowExplanationsSchema.optional(),
  dependence: z.array(dependenceSchema),
  interactions: z.array(interactionSchema),
  counterfactuals: z.array(counterfactualSchema),
  rules: ruleListSchema.optional(),
});
export type ExplanationDocument = z.infer<typeof explanationDocumentSchema>;
