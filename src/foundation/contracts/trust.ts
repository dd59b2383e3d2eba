/** What an evaluation says about errors in the data, rows unlike those learnt from, groups of people, and coverage. */
import { z } from "zod";
import { conformalSchema } from "./conformal.js";

const figure = z.number().nullable();
const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const values = z.array(z.tuple([z.string(), z.string()]));

/** A figure with its 95 % interval. */
const bounded = z.strictObject({ value: figure, low: figure, high: figure });
export type BoundedFigure = z.infer<typeof bounded>;

export const suspectLabelSchema = z.strictObject({
  /** Row number in the dataset version, from 0. */
  row: count,
  given: z.string(),
  /** The class the model holds for right; regression: the predicted number. */
  suggested: z.string(),
  /** Classes: probability of the given class, 0..1. Regression: residual in robust standard deviations. */
  score: z.number(),
  values,
});
export type SuspectLabel = z.infer<typeof suspectLabelSchema>;

/** Labels that are likely wrong, by models that had not seen the row; the likeliest first. */
export const labelErrorsSchema = z.strictObject({
  /** `confident-learning` (Northcutt, Jiang, Chuang 2021) for classes, `residual` for numbers. */
  method: z.enum(["confident-learning", "residual"]),
  /** Rows looked at. */
  rows: count,
  /** All suspects; `suspects` keeps the first. */
  found: count,
  suspects: z.array(suspectLabelSchema),
  /** Classes: `matrix[given][true]`, estimated P(given | true); its columns sum to 1. Null for numbers. */
  noise: z.strictObject({ classes: z.array(z.string()), matrix: z.array(z.array(z.number())) }).nullable(),
  /** Numbers: residuals beyond this many robust standard deviations are suspect. Null for classes. */
  limit: z.number().nullable(),
});
export type LabelErrors = z.infer<typeof labelErrorsSchema>;

export const rowPairSchema = z.strictObject({
  /** Row numbers in the dataset version, from 0. */
  rows: z.tuple([count, count]),
  labels: z.tuple([z.string(), z.string()]),
  /** Whether the rows agree in every feature. */
  equal: z.boolean(),
  /** [column, value of the first, value of the second] where they differ. */
  differences: z.array(z.tuple([z.string(), z.string(), z.string()])),
});
export type RowPair = z.infer<typeof rowPairSchema>;

/** Rows that are equal or nearly so, and what follows from them. */
export const nearDuplicatesSchema = z.strictObject({
  /** Rows compared. */
  rows: count,
  /** Rows that equal another in every feature. */
  equalRows: count,
  /** Rows, not equal to any, that nearly equal another. */
  nearRows: count,
  /** Pairs that are as near by the density of the data alone; where they are most, nearness means nothing. */
  nearByChance: z.number(),
  /** Rows with a twin of another label; numbers: one that differs by more than half a standard deviation. */
  conflictRows: count,
  conflicts: z.array(rowPairSchema),
  /** Test rows with a twin among the learning rows. */
  crossing: z.strictObject({
    testRows: count,
    equalRows: count,
    nearRows: count,
    pairs: z.array(rowPairSchema),
  }),
  /** False where the comparisons were cut short: more may exist. */
  complete: z.boolean(),
});
export type NearDuplicates = z.infer<typeof nearDuplicatesSchema>;

/** The metric where the model was told the answer, and where it was not. */
export const twinFiguresSchema = z.strictObject({
  metric: z.string(),
  /** Test rows that have a twin among the learning rows. */
  twinRows: count,
  otherRows: count,
  all: bounded,
  withTwin: bounded,
  /** The honest number: on rows without a twin. */
  withoutTwin: bounded,
});
export type TwinFigures = z.infer<typeof twinFiguresSchema>;

export const strangeRowSchema = z.strictObject({
  row: count,
  /** Distance to the learning rows in units of their median distance to one another. */
  distance: z.number(),
  /** Share of learning rows at least as strange. */
  pValue: share,
  /** Columns that make most of the distance, the first most, with the values. */
  values,
});
export type StrangeRow = z.infer<typeof strangeRowSchema>;

/** Rows unlike those the model learnt from (conformal p values after Bates et al. 2023). */
export const noveltySchema = z.strictObject({
  rows: count,
  /** Rows of the learning part behind the p values. */
  calibrationRows: count,
  /** Rows that are strange with a false discovery rate of at most this (Benjamini and Hochberg). */
  falseDiscoveryRate: share,
  found: count,
  /** Share of rows with a p value of at most 0.05; about 0.05 where nothing has changed. */
  shareAtFivePercent: share,
  /** The strangest first, found or not. */
  strangest: z.array(strangeRowSchema),
});
export type Novelty = z.infer<typeof noveltySchema>;

const coverageSchema = z.strictObject({
  rows: count,
  /** Share of rows whose truth was covered, with its 95 % interval (Clopper and Pearson 1934). */
  covered: bounded,
});

/** What a calibrated uncertainty promised, and what it kept. */
export const conformalReportSchema = z.strictObject({
  conformal: conformalSchema,
  /** Null where no rows were left to measure with. */
  measured: coverageSchema.nullable(),
  /** Classes: coverage within each true class. */
  byClass: z.array(coverageSchema.extend({ class: z.string() })),
  /** Mean width in the target's unit, or mean number of classes in a set. */
  meanSize: figure,
  medianSize: figure,
  /** Sets: how many rows have a set of 0, 1, 2, … classes. */
  sizes: z.array(count),
});
export type ConformalReport = z.infer<typeof conformalReportSchema>;

const groupFiguresSchema = z.strictObject({
  group: z.string(),
  rows: count,
  /** Fewer rows than the minimum: figures are shown without a comparison. */
  tooSmall: z.boolean(),
  /** By measure: `selectionRate`, `truePositiveRate`, … or `meanResidual`, `meanAbsoluteError`. */
  figures: z.record(z.string(), bounded),
});
export type GroupFigures = z.infer<typeof groupFiguresSchema>;

const fairnessGapSchema = z.strictObject({
  /** `demographic-parity`, `equal-opportunity`, `equalized-odds`, `predictive-parity`, `calibration`, … */
  criterion: z.string(),
  /** Largest difference between two groups, with its 95 % bootstrap interval. */
  difference: bounded,
  /** Least over greatest; null where it has no meaning. */
  ratio: bounded.nullable(),
  /** Groups at the ends. */
  between: z.tuple([z.string(), z.string()]),
});
export type FairnessGap = z.infer<typeof fairnessGapSchema>;

/** One column's groups, for one class. Reported, never certified: no number here shows that a model is fair. */
export const fairnessSchema = z.strictObject({
  column: z.string(),
  /** The class decided or not; null for numbers. */
  class: z.string().nullable(),
  /** The largest group: others are compared with it. */
  reference: z.string(),
  minimumRows: count,
  groups: z.array(groupFiguresSchema),
  gaps: z.array(fairnessGapSchema),
});
export type Fairness = z.infer<typeof fairnessSchema>;

/** A metric over folds and repetitions. */
export const crossValidationSchema = z.strictObject({
  metric: z.string(),
  folds: count,
  repeats: count,
  /** `values[repeat][fold]`. */
  values: z.array(z.array(figure)),
  mean: figure,
  /** 95 %: Student's t with the variance corrected for rows shared by the folds (Nadeau and Bengio 2003). */
  low: figure,
  high: figure,
  /** Standard deviation of folds, and of the means of repetitions: how much hangs on the division alone. */
  foldDeviation: figure,
  repeatDeviation: figure,
  /** Nested: choices were repeated within each fold. `inner` is the value that those choices were made by. */
  nested: z.strictObject({ inner: figure, optimism: figure }).nullable(),
});
export type CrossValidation = z.infer<typeof crossValidationSchema>;

/** The parts of an evaluation that are there where what they need was given. */
export const trustParts = {
  labelErrors: labelErrorsSchema.optional(),
  nearDuplicates: nearDuplicatesSchema.optional(),
  twins: twinFiguresSchema.optional(),
  novelty: noveltySchema.optional(),
  conformal: z.array(conformalReportSchema).optional(),
  fairness: z.array(fairnessSchema).optional(),
  crossValidation: crossValidationSchema.optional(),
};
