import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";

export const OBJECTIVES = [
  "auto",
  "binary",
  "multiclass",
  "squared",
  "absolute",
  "huber",
  "quantile",
  "poisson",
  "tweedie",
] as const;

const positive = z.number().positive();
const nonNegative = z.number().min(0);
const share = z.number().positive().max(1);
const count = z.number().int().min(0);

/**
 * LightGBM's defaults, but twice as many trees of half the rate, some L2 and a choice of features at each split:
 * better on most small tables and as good on large ones, as bench/gbdt shows.
 */
export const gbdtConfig = z.strictObject({
  objective: z.enum(OBJECTIVES).default("auto").register(fields, {
    title: "Objective",
    help: "The loss to minimise. auto: binary, multiclass or squared, as the task asks.",
  }),
  iterations: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(200)
    .register(fields, {
      title: "Iterations",
      help: "Trees (for each class) when there is no validation set to stop on.",
      unit: "iterations",
      tune: { low: 50, high: 500, scale: "log", integer: true },
    }),
  earlyStopping: count.default(50).register(fields, {
    title: "Early stopping patience",
    help: "With a validation set: stop after this many iterations without a better loss and keep the best. 0: off.",
    unit: "iterations",
  }),
  iterationLimit: z.number().int().min(1).max(100_000).default(2000).register(fields, {
    title: "Iteration limit",
    help: "With early stopping, training may go on to this many iterations.",
    unit: "iterations",
  }),
  learningRate: positive
    .max(1)
    .default(0.05)
    .register(fields, {
      title: "Learning rate",
      help: "Share of each tree's step that is taken.",
      tune: { low: 0.01, high: 0.3, scale: "log" },
    }),
  leaves: z
    .number()
    .int()
    .min(2)
    .max(4096)
    .default(31)
    .register(fields, {
      title: "Leaves",
      help: "Most leaves of a tree.",
      unit: "leaves",
      tune: { low: 7, high: 255, scale: "log", integer: true },
    }),
  maxDepth: count.max(64).default(0).register(fields, {
    title: "Maximum depth",
    help: "Most splits between root and leaf. 0: no limit.",
    unit: "splits",
  }),
  minRowsPerLeaf: z
    .number()
    .int()
    .min(1)
    .default(20)
    .register(fields, {
      title: "Minimum rows per leaf",
      unit: "rows",
      tune: { low: 2, high: 100, scale: "log", integer: true },
    }),
  minChildWeight: nonNegative.default(0.001).register(fields, {
    title: "Minimum child weight",
    help: "Least sum of second derivatives in a leaf.",
    tune: { low: 0.001, high: 10, scale: "log" },
  }),
  l1: nonNegative.default(0).register(fields, {
    title: "L1 penalty",
    help: "On leaf values.",
    tune: { low: 0, high: 10 },
  }),
  l2: nonNegative.default(1).register(fields, {
    title: "L2 penalty",
    help: "On leaf values.",
    tune: { low: 0.001, high: 100, scale: "log" },
  }),
  minSplitGain: nonNegative.default(0).register(fields, {
    title: "Minimum split gain",
    help: "A split must reduce the loss by more than this (twice the reduction, as in LightGBM).",
    tune: { low: 0, high: 1 },
  }),
  rowShare: share.default(1).register(fields, {
    title: "Row share",
    help: "Each tree sees every row with this probability.",
    tune: { low: 0.5, high: 1 },
  }),
  columnShare: share.default(1).register(fields, {
    title: "Column share",
    help: "Share of the features that each tree may use.",
    tune: { low: 0.3, high: 1 },
  }),
  columnShareByNode: share.default(0.7).register(fields, {
    title: "Column share by node",
    help: "Share of the tree's features that each split may choose from.",
    tune: { low: 0.3, high: 1 },
  }),
  maxBins: z.number().int().min(2).max(255).default(255).register(fields, {
    title: "Bins",
    help: "Most distinct ranges of a feature, beside the missing one.",
    unit: "bins",
  }),
  classWeights: z.enum(["none", "balanced"]).default("none").register(fields, {
    title: "Class weights",
    help: "balanced: every class has the same total weight.",
  }),
  monotone: z
    .record(z.string(), z.union([z.literal(-1), z.literal(0), z.literal(1)]))
    .default({})
    .register(fields, {
      title: "Monotone constraints",
      help: "By feature: 1 if the prediction may only rise with it, -1 if it may only fall.",
    }),
  extraTrees: z
    .boolean()
    .default(false)
    .register(fields, {
      title: "Random thresholds",
      help: "Each leaf tries one random threshold of a numeric feature (all, where there are few): smoother models.",
      tune: { choices: [false, true] },
    }),
  pathSmoothing: nonNegative.default(0).register(fields, {
    title: "Path smoothing",
    help: "Draws a leaf's value to that of the node above it, as if so many of its rows had that value.",
    unit: "rows",
    tune: { low: 0, high: 50 },
  }),
  linearLeaves: z
    .boolean()
    .default(false)
    .register(fields, {
      title: "Linear leaves",
      help: "Leaves hold linear models of the numeric features on their path; missing values count as the mean, values beyond the training range as its ends. Not with monotone constraints or the objectives absolute and quantile.",
      tune: { choices: [false, true] },
    }),
  linearL2: nonNegative.default(1).register(fields, {
    title: "L2 penalty of linear leaves",
    help: "On the coefficients of standardized features.",
    tune: { low: 0.01, high: 100, scale: "log" },
  }),
  categories: z
    .enum(["native", "ordinal", "one-hot"])
    .default("native")
    .register(fields, {
      title: "Categories",
      help: "native: splits divide categories into two sets. ordinal: codes count as numbers. one-hot: a split separates one category from the rest.",
      tune: { choices: ["native", "ordinal", "one-hot"] },
    }),
  categorySmoothing: nonNegative.default(10).register(fields, {
    title: "Category smoothing",
    help: "Added to the weight of a category (in rows) when categories are ordered by their gradients.",
    unit: "rows",
    tune: { low: 1, high: 100, scale: "log" },
  }),
  categoryL2: nonNegative.default(10).register(fields, {
    title: "Category L2 penalty",
    help: "Added to the L2 penalty for splits between many categories.",
    tune: { low: 0.1, high: 100, scale: "log" },
  }),
  maxCategoriesPerSplit: z.number().int().min(1).max(255).default(32).register(fields, {
    title: "Maximum categories per split",
    help: "Most categories on the smaller side of a split.",
    unit: "categories",
  }),
  oneVersusRestLimit: count.max(255).default(4).register(fields, {
    title: "One-versus-rest limit",
    help: "With at most this many categories in a leaf, a split separates one from the rest.",
    unit: "categories",
  }),
  minRowsPerCategoryGroup: z.number().int().min(1).default(100).register(fields, {
    title: "Minimum rows per category group",
    help: "Categories join a side in groups of at least this many rows.",
    unit: "rows",
  }),
  huberDelta: positive.default(1).register(fields, {
    title: "Huber delta",
    help: "Residuals beyond this count linearly, in units of the target.",
  }),
  quantile: z.number().gt(0).lt(1).default(0.5).register(fields, {
    title: "Quantile",
    help: "The quantile that the objective `quantile` estimates.",
  }),
  tweediePower: z
    .number()
    .gt(1)
    .lt(2)
    .default(1.5)
    .register(fields, {
      title: "Tweedie variance power",
      help: "Near 1: like Poisson; near 2: like gamma.",
      tune: { low: 1.1, high: 1.9 },
    }),
});
export type GbdtConfig = z.infer<typeof gbdtConfig>;
