/** What is measured of a model in use, as reports hold it and as `monitor --json` prints it. */
import { z } from "zod";
import { fields } from "./extension.js";
import { labelQueueSchema } from "./label-queue.js";
import {
  ALERT_SEVERITIES,
  alertConditionSchema,
  feedbackAnswerSchema,
  unknownClassSchema,
} from "./monitoring-store.js";
import { predictionLogSchema } from "./prediction-log.js";
import { spanSchema } from "./span.js";

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

/** `own`: a test of the project's own, told by its id in `test`. */
export const DRIFT_CHECKS = ["distribution", "missing", "unseen", "range", "together", "own"] as const;
export type DriftCheckKind = (typeof DRIFT_CHECKS)[number];

/** One question about one column, or about all together. An alarm needs both: not chance, and large enough to matter. */
export const driftCheckSchema = z.strictObject({
  /** Null: all inputs together. */
  column: z.string().nullable(),
  role: z.enum(["input", "prediction"]),
  check: z.enum(DRIFT_CHECKS),
  /** `kolmogorov-smirnov`, `chi-square`, `fisher-exact`, `beta-binomial`, `kernel`, or the id of a test of one's own. */
  test: z.string(),
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

// ---- performance ---------------------------------------------------------------------------------------------

const interval = { value: figure, low: figure, high: figure };

/** Of predictions made in a span of time, whenever their labels came. */
export const cohortSchema = z.strictObject({
  from: z.number().describe("epoch milliseconds"),
  to: z.number(),
  rows: count,
  labelled: count,
  /** The decisive metric on the labelled ones, 95 % interval. */
  ...interval,
  /** The same metric without labels, and the band in which it would lie if nothing but the inputs had changed. */
  estimated: z.strictObject(interval).nullable(),
  /** Expected calibration error, 0..1; classes only. */
  calibrationError: figure,
  /** For each watched column, how far apart its groups are in what is decided about them (or in their mean prediction). */
  gaps: z.array(z.strictObject({ column: z.string(), highest: z.string(), lowest: z.string(), ...interval })),
});
export type Cohort = z.infer<typeof cohortSchema>;

export const watchedMetricSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  direction: z.enum(["maximize", "minimize"]),
  ...interval,
  rows: count,
  /** On the rows held out at training. */
  reference: z.strictObject(interval),
  /** One-sided: that it is worse than the reference by chance. */
  pValue: figure,
  alarm: z.boolean(),
});
export type WatchedMetric = z.infer<typeof watchedMetricSchema>;

export const performanceReportSchema = z.strictObject({
  labelled: count,
  /** Share of the window's predictions whose label is known. */
  coverage: share,
  /** From prediction to label. */
  delayMs: z.strictObject({ median: figure, p90: figure }),
  /** The decisive one first. */
  metrics: z.array(watchedMetricSchema),
});

/** How the metric would be if the relation of inputs to target were that of the training. */
export const estimatedPerformanceSchema = z.strictObject({
  metric: z.string(),
  method: z.enum(["calibrated-probabilities", "nearest-losses"]),
  ...interval,
  reference: figure,
  rows: count,
  /** Whether the estimate may be believed, judged where labels are known. */
  validity: z.strictObject({
    rows: count,
    estimated: figure,
    realised: figure,
    verdict: z.enum(["agrees", "contradicted", "unknown"]),
  }),
});
export type EstimatedPerformance = z.infer<typeof estimatedPerformanceSchema>;

export const watchedGroupSchema = z.strictObject({
  column: z.string(),
  group: z.string(),
  rows: count,
  /** Share decided positive, or the mean prediction. */
  share: z.strictObject(interval),
  /** The decisive metric where labels are known. */
  metric: z.strictObject({ ...interval, rows: count }),
});

// ---- settings ------------------------------------------------------------------------------------------------

export const monitoringSchema = z.strictObject({
  window: spanSchema.default("7d").register(fields, {
    title: "Window",
    help: "Predictions of the last so many days are judged.",
  }),
  cohorts: z.number().int().min(1).max(100).default(7).register(fields, {
    title: "Parts of the window that are shown apart",
  }),
  log: predictionLogSchema.prefault({}),
  drift: driftSettingsSchema.prefault({}),
  tolerance: z.number().min(0).max(1).default(0.02).register(fields, {
    title: "Loss of performance worth an alarm",
    help: "In the unit of bounded metrics (auc, accuracy); as a share of the reference for others (rmse).",
  }),
  minimumLabels: z.number().int().min(10).default(50).register(fields, {
    title: "Fewest labels to judge performance by",
    unit: "rows",
  }),
  groups: z.array(z.string()).default([]).register(fields, {
    title: "Columns whose groups are watched",
  }),
  labels: labelQueueSchema.prefault({}).register(fields, {
    title: "The queue of predictions worth a label",
  }),
  alerts: z
    .strictObject({
      webhook: z.url().optional().register(fields, {
        title: "Webhook",
        help: "New alerts are posted there as JSON.",
      }),
      privateNetwork: z.boolean().default(false).register(fields, {
        title: "The webhook may lie in a private network",
      }),
      email: z
        .strictObject({
          from: z.email().register(fields, { title: "Sender of e-mails" }),
          to: z.array(z.email()).min(1).max(50).register(fields, { title: "Who gets them" }),
        })
        .optional()
        .register(fields, {
          title: "E-mail",
          help: "New alerts are sent through the server of the environment variable QUERN_SMTP_URL.",
        }),
      repeat: spanSchema.default("24h").register(fields, {
        title: "Open alerts are told again after",
      }),
    })
    .prefault({}),
});
export type MonitoringSettings = z.output<typeof monitoringSchema>;

// ---- the whole -----------------------------------------------------------------------------------------------

/** What `monitor --json` prints; scripts rely on these keys. */
export const monitorResultSchema = z.strictObject({
  model: z.string(),
  version: z.number().int().positive(),
  window: z.strictObject({
    /** `log`, or the name of a file. */
    source: z.string(),
    from: z.number().nullable(),
    to: z.number().nullable(),
    rows: count,
    /** Inputs that the log does not keep. */
    redacted: z.array(z.string()),
  }),
  reference: z.strictObject({ source: z.string(), rows: count }),
  drift: driftReportSchema.nullable(),
  performance: performanceReportSchema.nullable(),
  estimated: estimatedPerformanceSchema.nullable(),
  cohorts: z.array(cohortSchema),
  groups: z.array(watchedGroupSchema),
  alerts: z.array(
    alertConditionSchema.extend({
      firstAt: z.number(),
      times: count,
      /** People were told now. */
      notified: z.boolean(),
    }),
  ),
  resolved: z.array(z.strictObject({ key: z.string(), severity: z.enum(ALERT_SEVERITIES) })),
  feedback: feedbackAnswerSchema.nullable(),
  /** Labels of the window that name a class the version does not know; they count in no figure. */
  unknownClasses: z.array(unknownClassSchema),
  /** Null where nothing is queued: rows of a file, or no places. */
  queue: z.strictObject({ added: count, removed: count, waiting: count }).nullable(),
  sealed: z.strictObject({ rows: count, segments: count, damaged: count }),
  /** HTML file; null when none was asked for. */
  report: z.string().nullable(),
  seconds: z.number(),
});
export type MonitorResult = z.infer<typeof monitorResultSchema>;
