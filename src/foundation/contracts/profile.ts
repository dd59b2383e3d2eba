import { z } from "zod";
import { columnKindSchema } from "./column.js";
import { findingSchema } from "./finding.js";
import { taskTypeSchema } from "./target.js";

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

/** Equal-width bins: `counts[i]` values in [edges[i], edges[i + 1]), the last bin closed. */
const histogramSchema = z.strictObject({
  edges: z.array(z.number()),
  counts: z.array(count),
  /** Rows behind the counts, when they come from a sample. */
  sampleRows: count.optional(),
});

/** Skewness is null where it is undefined (constant or fewer than three values). */
const numberProfileSchema = z.strictObject({
  min: z.number(),
  max: z.number(),
  mean: z.number(),
  /** Of the sample: divided by n - 1; 0 for a single value. */
  standardDeviation: z.number().nonnegative(),
  /** Bias-corrected (Fisher-Pearson G1, as SciPy's `skew(bias=False)`). */
  skewness: z.number().nullable(),
  zeros: count,
  negative: count,
  /** Linear interpolation between order statistics; of the sample where `quantilesExact` is false. */
  quantiles: z.strictObject({
    p01: z.number(),
    p05: z.number(),
    p25: z.number(),
    p50: z.number(),
    p75: z.number(),
    p95: z.number(),
    p99: z.number(),
  }),
  quantilesExact: z.boolean(),
  histogram: histogramSchema,
});

/** Epoch milliseconds. */
const datetimeProfileSchema = z.strictObject({
  min: z.number(),
  max: z.number(),
  histogram: histogramSchema,
});

/** Lengths in characters (code points). */
const textProfileSchema = z.strictObject({
  minLength: count,
  meanLength: z.number(),
  maxLength: count,
});

export const columnProfileSchema = z.strictObject({
  name: z.string(),
  kind: columnKindSchema,
  /** Why it has this kind. */
  reason: z.string(),
  /** Rows with a value. */
  count,
  missing: count,
  missingShare: share,
  /** Distinct values. */
  unique: count,
  /** False: counted among values of one hash in 64 and scaled, within about 3 %. */
  uniqueExact: z.boolean(),
  /** The commonest values, most frequent first; absent for kinds where they say nothing. */
  top: z.array(z.strictObject({ value: z.string(), count })).optional(),
  /** Rows behind `top`, when it comes from a sample. */
  topSampleRows: count.optional(),
  number: numberProfileSchema.optional(),
  datetime: datetimeProfileSchema.optional(),
  text: textProfileSchema.optional(),
  /**
   * Share of the target's variance that this column alone explains on rows it was not fitted on (0..1);
   * for classes the variance of the class indicators (Goodman and Kruskal's tau), for numbers that of ranks.
   */
  association: share.optional(),
});
export type ColumnProfile = z.infer<typeof columnProfileSchema>;
export type NumberProfile = z.infer<typeof numberProfileSchema>;
export type Histogram = z.infer<typeof histogramSchema>;

export const CORRELATION_MEASURES = ["pearson", "spearman", "cramers-v", "correlation-ratio"] as const;

const correlationSchema = z.strictObject({
  first: z.string(),
  second: z.string(),
  measure: z.enum(CORRELATION_MEASURES),
  /** Pearson, Spearman: -1..1; Cramér's V (bias-corrected) and the correlation ratio: 0..1. */
  value: z.number(),
});
export type Correlation = z.infer<typeof correlationSchema>;

export const targetProfileSchema = z.strictObject({
  name: z.string(),
  task: taskTypeSchema,
  missing: count,
  /** Classes, most frequent first. */
  classes: z.array(z.strictObject({ label: z.string(), count, share })).optional(),
});

/** What `quern profile --json` prints and the HTML page shows. */
export const profileSchema = z.strictObject({
  formatVersion: z.literal(1),
  rows: count,
  columns: z.array(columnProfileSchema),
  /**
   * `rows` repeat an earlier row in every column but ids; `twins` have at least one equal row. Not exact: counted among
   * one row in 64 (equal rows are taken together) and scaled.
   */
  duplicates: z.strictObject({ rows: count, share, twins: count, exact: z.boolean() }),
  target: targetProfileSchema.optional(),
  correlations: z.array(correlationSchema),
  /** Rows behind associations, sampled figures and the statistical findings. */
  sampleRows: count,
  /** Rows behind correlations. */
  correlationRows: count,
  findings: z.array(findingSchema),
});
export type Profile = z.infer<typeof profileSchema>;
