/** What is measured of a model in use, as reports hold it and as `monitor --json` prints it. */
import { z } from "zod";
import { fields } from "./extension.js";

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const figure = z.number().nullable();

// ---- drift and data quality ----------------------------------------------------------------------------------

export const driftSettingsSchema = z.strictObject({
  level: z.number().gt(0).max(0.5).default(0.05).register(fields, {
    title: "Chance of a false alarm",
    help: "Of the whole table, all its columns and checks together, when nothing has changed.",
  }),
  distribution: share.default(0.05).register(fields, {
    title: "Smallest change of a distribution worth an alarm",
    help: "Kolmogorov-Smirnov distance of numbers (0.08 is a shift by a fifth of a standard deviation), share of rows that moved for categories.",
  }),
  missing: share.default(0.02).register(fields, {
    title: "Smallest change of the share of missing values worth an alarm",
  }),
  unseen: share.default(0.01).register(fields, {
    title: "Smallest share of new categories, or of values outside the known range, worth an alarm",
  }),
  together: z.number().min(0).max(2).default(0.02).register(fields, {
    title: "Smallest change of all columns together worth an alarm",
    help: "Mean discrepancy of the rows beyond chance; 0.05 where two of ten columns go from independent to a correlation of 0.9.",
  }),
  multivariate: z.boolean().default(true).register(fields, {
    title: "Compare columns together",
    help: "Sees changes that no column shows alone.",
  }),
});
export type DriftSettings = z.output<typeof driftSettingsSchema>;

export const DRIFT_CHECKS = ["distribution", "missing", "unseen", "range", "together"] as const;
export type DriftCheckKind = (typeof DRIFT_CHECKS)[number];

/** One question about one column, or about all together. An alarm needs both: not chance, and large enough to matter. */
export const driftCheckSchema = z.strictObject({
  /** Null: all inputs together. */
  column: z.string().nullable(),
  role: z.enum(["input", "prediction"]),
  check: z.enum(DRIFT_CHECKS),
  test: z.enum(["kolmogorov-smirnov", "chi-square", "fisher-exact", "beta-binomial", "kernel"]),
  /** Of this test alone. */
  pValue: share,
  /** Adjusted for all checks of the report; compared with `level`. */
  adjusted: share,
  /** In the unit of `leastEffect`. */
  effect: z.number(),
  leastEffect: z.number(),
  alarm: z.boolean(),
  /** Up to five examples: new categories, values out of range. */
  examples: z.array(z.string()),
});
export type DriftCheck = z.infer<typeof driftCheckSchema>;

/** A column on both sides; sizes of the difference by the usual measures, none of which decides alone. */
export const columnDriftSchema = z.strictObject({
  column: z.string(),
  role: z.enum(["input", "prediction"]),
  kind: z.string(),
  referenceMissing: share,
  currentMissing: share,
  /** Population stability index over at most ten bins. */
  psi: figure,
  /** Base 2, 0..1, over the same bins. */
  jensenShannon: figure,
  totalVariation: figure,
  /** In standard deviations of the reference; numbers only. */
  wasserstein: figure,
  /** Shares of the values that are there. */
  bins: z.array(z.strictObject({ label: z.string(), reference: share, current: share })),
});
export type ColumnDrift = z.infer<typeof columnDriftSchema>;

export const driftReportSchema = z.strictObject({
  referenceRows: count,
  currentRows: count,
  level: z.number(),
  alarm: z.boolean(),
  /** Alarms first, then by adjusted p value. */
  checks: z.array(driftCheckSchema),
  /** The same order of columns. */
  columns: z.array(columnDriftSchema),
});
export type DriftReport = z.infer<typeof driftReportSchema>;
