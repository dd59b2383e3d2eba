/**
 * How good a model is, as stored with a run and as printed by `evaluate --json`, and what the report is made of.
 * Numbers that are undefined (a figure without a meaning, an interval of too few rows) are null.
 */
import { z } from "zod";
import type { Finding } from "./finding.js";
import { type ProjectTask, projectTaskSchema } from "./structured.js";
import { structuredAnswerSchema } from "./structured-answers.js";
import { trustParts } from "./trust.js";

const figure = z.number().nullable();
const count = z.number().int().nonnegative();
const point = z.tuple([z.number(), z.number()]);

/** A figure with its 95 % interval and what stands behind it. */
export const estimateSchema = z.strictObject({
  value: figure,
  low: figure,
  high: figure,
  /** Rows it rests on. */
  rows: count,
  /** Bootstrap resamples behind the interval; 0: none. */
  resamples: count,
});
export type Estimate = z.infer<typeof estimateSchema>;

const curveSchema = z.strictObject({
  /** Class the curve is for. */
  class: z.string(),
  /** The area or figure that sums the curve up. */
  value: figure,
  points: z.array(point),
  /** [x, low, high] where an interval was computed. */
  band: z.array(z.tuple([z.number(), z.number(), z.number()])).optional(),
});
export type Curve = z.infer<typeof curveSchema>;

const calibrationSchema = z.strictObject({
  /** A class, or null for the most probable class of each row. */
  class: z.string().nullable(),
  points: z.array(
    z.strictObject({
      predicted: z.number(),
      observed: z.number(),
      low: z.number(),
      high: z.number(),
      rows: count,
    }),
  ),
});
export type Calibration = z.infer<typeof calibrationSchema>;

const thresholdRowSchema = z.strictObject({
  threshold: z.number(),
  /** Share of rows decided positive. */
  share: z.number(),
  precision: figure,
  recall: figure,
  falsePositiveRate: figure,
  f1: figure,
  accuracy: figure,
  /** Mean gain a row, where the project has a table of gains. */
  gain: figure,
});
export type ThresholdRow = z.infer<typeof thresholdRowSchema>;

const residualsSchema = z.strictObject({
  /** [predicted, actual - predicted], a sample of at most 1500 rows. */
  points: z.array(point),
  histogram: z.strictObject({ edges: z.array(z.number()), counts: z.array(z.number()) }),
  /** [normal quantile, residual in standard deviations]. */
  quantiles: z.array(point),
  mean: figure,
  standardDeviation: figure,
});
export type Residuals = z.infer<typeof residualsSchema>;

const thumbnail = z.string().regex(/^data:image\/png;base64,[A-Za-z0-9+/]+={0,2}$/);

/**
 * What a decision hangs on: how much what the model says of the class it chose (regression: the value) falls when a part
 * is covered. Negative: it rises.
 */
const saliencySchema = z.discriminatedUnion("kind", [
  /** A text, cut into words or runs of words. */
  z.strictObject({
    kind: z.literal("words"),
    column: z.string(),
    pieces: z.array(z.tuple([z.string(), z.number()])),
  }),
  /** An image, cut into `side` x `side` equal parts, row by row. */
  z.strictObject({
    kind: z.literal("patches"),
    column: z.string(),
    side: z.number().int().positive(),
    weights: z.array(z.number()),
  }),
  /**
   * An image as the last convolutions of a network see it: how much each of `side` x `side` equal parts speaks for the class
   * that was chosen, at least 0 (Grad-CAM).
   */
  z.strictObject({
    kind: z.literal("activations"),
    column: z.string(),
    side: z.number().int().positive(),
    weights: z.array(z.number()),
  }),
]);
export type Saliency = z.infer<typeof saliencySchema>;

const worstRowSchema = z.strictObject({
  /** Row number in the dataset version, from 0. */
  row: count,
  actual: z.string(),
  predicted: z.string(),
  /** Classification: the probability given to the true class. Regression: actual - predicted. */
  error: z.number(),
  values: z.array(z.tuple([z.string(), z.string()])),
  /** Thumbnails of image columns, as data URIs. */
  images: z
    .array(
      z.strictObject({
        column: z.string(),
        png: thumbnail,
      }),
    )
    .optional(),
  /** Of its texts and images; absent where that was not asked. */
  saliency: z.array(saliencySchema).optional(),
});
export type WorstRow = z.infer<typeof worstRowSchema>;

const worstStructureSchema = z.strictObject({
  /** Row number in the dataset version, from 0. */
  row: count,
  /** How wrong, by the task's own measure; more is worse. */
  error: z.number(),
  actual: structuredAnswerSchema,
  predicted: structuredAnswerSchema,
  text: z.string().optional(),
  image: thumbnail.optional(),
});
export type WorstStructure = z.infer<typeof worstStructureSchema>;

const sliceSchema = z.strictObject({
  conditions: z.array(z.strictObject({ column: z.string(), value: z.string() })),
  /** Named by the project, or found by search. */
  origin: z.enum(["given", "found"]),
  rows: count,
  share: z.number(),
  /** The decisive metric inside and outside the slice. */
  value: figure,
  rest: figure,
  /** Mean loss inside minus outside, with its 95 % interval: log loss, or squared error of a standardised target. */
  lossDifference: figure,
  low: figure,
  high: figure,
  /** Of the difference, adjusted for the number of slices looked at (Benjamini and Hochberg). */
  pValue: figure,
});
export type Slice = z.infer<typeof sliceSchema>;

export const comparisonSchema = z.strictObject({
  /** `baseline` or the reference of a previous model. */
  with: z.string(),
  metric: z.string(),
  /** The other's value on the same rows. */
  other: figure,
  /** Improvement in the metric's own unit: positive is better, whatever the direction. */
  improvement: figure,
  low: figure,
  high: figure,
  pValue: figure,
  rows: count,
  resamples: count,
  verdict: z.enum(["better", "worse", "no-clear-difference"]),
});
export type Comparison = z.infer<typeof comparisonSchema>;

export const learningPointSchema = z.strictObject({ rows: count, train: figure, validation: figure });
export type LearningPoint = z.infer<typeof learningPointSchema>;

export const importanceSchema = z.strictObject({
  feature: z.string(),
  /** Permutation: how much worse the metric gets. Otherwise the trainer's own share. */
  value: z.number(),
  low: z.number().optional(),
  high: z.number().optional(),
});
export type Importance = z.infer<typeof importanceSchema>;

export const evaluationSchema = z.strictObject({
  formatVersion: z.literal(1),
  task: projectTaskSchema,
  /** `test`, `validation`, or the name of other data. */
  split: z.string(),
  rows: count,
  weighted: z.boolean(),
  /** The decisive metric. */
  metric: z.string(),
  /** The decisive one first. */
  metrics: z.record(
    z.string(),
    estimateSchema.extend({ title: z.string(), direction: z.enum(["maximize", "minimize"]) }),
  ),
  baseline: z.record(z.string(), figure),
  classes: z.array(z.string()),
  /** Binary: from which probability on the positive class is decided. */
  threshold: z
    .strictObject({
      value: z.number(),
      chosenBy: z.enum(["default", "gain", "f1", "given"]),
      split: z.string(),
    })
    .nullable(),
  /** `counts[actual][decided]`, sums of weights. */
  confusion: z
    .strictObject({ classes: z.array(z.string()), counts: z.array(z.array(z.number())) })
    .nullable(),
  perClass: z.array(
    z.strictObject({
      class: z.string(),
      rows: count,
      precision: figure,
      recall: figure,
      f1: figure,
      auc: figure,
      averagePrecision: figure,
    }),
  ),
  curves: z.strictObject({
    roc: z.array(curveSchema),
    precisionRecall: z.array(curveSchema),
    gain: z.array(curveSchema),
    lift: z.array(curveSchema),
  }),
  calibration: z.array(calibrationSchema),
  thresholds: z.array(thresholdRowSchema),
  gain: z
    .strictObject({
      /** `table[actual][decided]`. */
      table: z.array(z.array(z.number())),
      perRow: estimateSchema,
      /** What the same model brings with the usual decision (0.5, or the most probable class). */
      atDefault: figure,
      /** The best that can be had without a model: always the same decision. */
      withoutModel: figure,
    })
    .nullable(),
  residuals: residualsSchema.nullable(),
  worst: z.array(worstRowSchema),
  /** Structured tasks: the rows with the worst answers, the worst first. */
  worstStructures: z.array(worstStructureSchema).optional(),
  slices: z.array(sliceSchema),
  /** How many groups the search for slices tested. */
  slicesTested: count,
  learningCurve: z.array(learningPointSchema),
  comparisons: z.array(comparisonSchema),
  importance: z.array(importanceSchema),
  ...trustParts,
});
export type Evaluation = z.infer<typeof evaluationSchema>;

/** What `evaluate --json` prints; scripts rely on these keys. */
export const evaluateResultSchema = z.strictObject({
  model: z.string(),
  rows: count,
  metric: estimateSchema.extend({ name: z.string(), split: z.string() }),
  metrics: z.record(z.string(), figure),
  confusion: evaluationSchema.shape.confusion,
  /** HTML file; null when none was asked for. */
  report: z.string().nullable(),
  evaluation: evaluationSchema,
  /** What the reading of the rows left out or assumed. */
  notes: z.array(z.string()),
  seconds: z.number(),
});
export type EvaluateResult = z.infer<typeof evaluateResultSchema>;

// ---- the report ----------------------------------------------------------------------------------------------

export interface ReportColumn {
  readonly name: string;
  readonly kind: string;
  /** Share of rows without a value, 0..1. */
  readonly missing: number;
  readonly unique: number;
  /** Feature, target, or why it is not used. */
  readonly role: string;
}

export interface ReportLeaderboardRow {
  readonly trainer: string;
  /** On the validation rows. */
  readonly value: number | null;
  readonly seconds: number;
  readonly trial: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly chosen: boolean;
  readonly error?: string;
}

/** One configuration tried by a search. */
export interface ReportTrial {
  readonly number: number;
  readonly trainer: string;
  /** On rows the trial did not learn from; null: failed or stopped early without a value. */
  readonly value: number | null;
  readonly seconds: number;
  readonly state: "done" | "pruned" | "failed";
  /** What proposed it: `portfolio`, `tpe`, `random`. */
  readonly origin?: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A search for good configurations; up to tens of thousands of trials. */
export interface ReportStudy {
  readonly metric: string;
  readonly direction: "maximize" | "minimize";
  /** In the order in which they were tried. */
  readonly trials: readonly ReportTrial[];
  /** How much of the value's variance hangs on each setting, by trainer; shares, the greatest first. */
  readonly importance?: readonly {
    readonly trainer: string;
    readonly method: string;
    readonly parameters: readonly Importance[];
  }[];
  /** Why it ended: `trials`, `plateau`, `time`. */
  readonly stopped?: string;
}

export interface ReportEnsemble {
  /** `greedy`, `stacking`, … */
  readonly method: string;
  /** Out-of-fold value of the whole, on the same rows as its members'. */
  readonly value: number | null;
  readonly metric: string;
  readonly members: readonly {
    readonly name: string;
    /** Non-negative shares that sum to 1; stacking: coefficients. */
    readonly weight: number;
    readonly value: number | null;
    /** 0: of features; 1 and above: of the layer below. */
    readonly layer: number;
    readonly seconds?: number;
  }[];
}

/** What an estimate said and what was measured; null where either is unknown. */
export interface PlanOutcome {
  readonly item: string;
  readonly plannedSeconds: number | null;
  readonly seconds: number | null;
  readonly plannedBytes: number | null;
  readonly bytes: number | null;
  /** What the estimate rests on, or why it was left out. */
  readonly note?: string;
}

/** Everything the training report shows; plain values, made by the workflow. */
export interface ReportInput {
  readonly name: string;
  readonly version: number | null;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly run: string;
  readonly task: ProjectTask;
  readonly target: string;
  /** On the rows opened last: the test split. */
  readonly evaluation: Evaluation;
  readonly goals: readonly {
    readonly name: string;
    readonly goal: string;
    readonly value: number | null;
    readonly met: boolean;
  }[];
  readonly data: {
    readonly source: string;
    readonly rows: number;
    readonly columns: readonly ReportColumn[];
    readonly split: {
      readonly kind: string;
      readonly train: number;
      readonly validation: number;
      readonly test: number;
    };
    /** Classification: rows of each class in all data. */
    readonly classRows: readonly { readonly class: string; readonly rows: number }[];
  };
  readonly findings: readonly Finding[];
  readonly leaderboard: readonly ReportLeaderboardRow[];
  readonly model: {
    readonly trainer: string;
    readonly config: Readonly<Record<string, unknown>>;
    /** `none`, `platt`, `isotonic`, `temperature`. */
    readonly calibration: string;
    /** After the feature pipeline. */
    readonly features: number;
    readonly size: Readonly<Record<string, number>>;
    readonly notes: readonly string[];
    /** The trainer's own importance, shares that sum to 1. */
    readonly importance: readonly Importance[];
    readonly curves: Readonly<Record<string, readonly number[]>>;
    readonly bestIteration: number | null;
  };
  readonly parity: { readonly rows: number; readonly maxAbsDiff: number } | null;
  /** What was planned before the work, and what came of it. */
  readonly plan: readonly { readonly item: string; readonly planned: string; readonly actual: string }[];
  readonly steps: readonly { readonly name: string; readonly seconds: number; readonly cached: boolean }[];
  readonly reproducibility: {
    readonly seed: number;
    readonly dataset: string;
    readonly split: string;
    readonly config: string;
    readonly bundle: string | null;
    readonly versions: Readonly<Record<string, string>>;
    readonly threads: number;
    /** The resolved project file as text. */
    readonly project: string;
    /** Every time the test rows of this split were opened, this run last. */
    readonly testOpenings: readonly { readonly run: string; readonly openedAt: number }[];
  };
  readonly study?: ReportStudy;
  readonly ensemble?: ReportEnsemble;
  readonly planOutcome?: readonly PlanOutcome[];
  readonly usage: {
    /** `churn@3`. */
    readonly model: string;
    /** One row with plausible values: the body of a request. */
    readonly example: Readonly<Record<string, string | number | boolean | null>>;
    readonly port: number;
  };
}
