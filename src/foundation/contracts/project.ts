import { z } from "zod";
import { columnKindSchema } from "./column.js";
import { fields } from "./extension.js";
import { jobSettingsSchema } from "./job.js";
import { monitoringSchema } from "./monitoring.js";
import { retrainSchema } from "./retrain.js";
import { SOURCE_FORMATS } from "./source.js";
import { splitConfigSchema } from "./split.js";
import { projectTaskSchema } from "./structured.js";

/**
 * `quern.yaml`. Strict: an unknown key is an error. Everything is optional because `quern train DATA --target Y`
 * infers the rest; the resolved form, with nothing left open, is stored with each run.
 */
const dataSchema = z.strictObject({
  source: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .register(fields, { title: "Source", help: "A file, folder, glob, URL or `-`; relative to quern.yaml." }),
  format: z
    .enum(SOURCE_FORMATS)
    .optional()
    .register(fields, { title: "Format", help: "Default: by content." }),
  delimiter: z
    .string()
    .length(1)
    .optional()
    .register(fields, { title: "Delimiter of a CSV file", help: "Default: by content." }),
  encoding: z.string().optional().register(fields, {
    title: "Text encoding",
    help: "utf-8, utf-16le, utf-16be, gb18030; default: by content.",
  }),
  header: z.boolean().optional().register(fields, {
    title: "Header",
    help: "Whether the first line names the columns; default: by content.",
  }),
  skipLines: z.number().int().min(0).optional().register(fields, {
    title: "Lines above the table",
    help: "Lines, or rows of a sheet, to pass over before the header; default: by content.",
  }),
  sheet: z.string().optional().register(fields, {
    title: "Sheet of an Excel file",
    help: "Its name or its number from 1; default: the first.",
  }),
  id: z.string().optional().register(fields, { title: "Id column", help: "Names a row; never a feature." }),
  time: z
    .string()
    .optional()
    .register(fields, { title: "Time column", help: "When the row became known; splits by time." }),
  group: z
    .string()
    .optional()
    .register(fields, { title: "Group column", help: "Rows of one group never cross a split." }),
  weight: z
    .string()
    .optional()
    .register(fields, { title: "Weight column", help: "Non-negative row weights." }),
  ignore: z.array(z.string()).default([]).register(fields, { title: "Ignored columns" }),
  imageSize: z.number().int().min(8).max(1024).optional().register(fields, {
    title: "Image size",
    help: "Images are read to a square of this side; default: their own size where they share a small one, else 64.",
    unit: "pixels",
  }),
  kinds: z
    .record(z.string(), columnKindSchema)
    .default({})
    .register(fields, { title: "Column kinds", help: "Overrides what Quern infers." }),
  missing: z
    .array(z.string())
    .optional()
    .register(fields, { title: "Missing markers", help: "Texts that mean no value." }),
});

const taskSchema = z.strictObject({
  type: projectTaskSchema
    .optional()
    .register(fields, { title: "Task", help: "Default: by the target's values." }),
  target: z.string().optional().register(fields, { title: "Target column", help: "The column to predict." }),
  positive: z.union([z.string(), z.number(), z.boolean()]).transform(String).optional().register(fields, {
    title: "Positive class",
    help: "Binary: the class that precision, recall and thresholds are about.",
  }),
  metric: z.string().optional().register(fields, {
    title: "Metric that ranks the models",
    help: "Default: auc, log-loss or rmse, by task.",
  }),
  goals: z
    .record(
      z.string(),
      z.string().regex(/^\s*(>=|<=|>|<)\s*-?\d+(\.\d+)?([eE][-+]?\d+)?\s*$/, "write a goal as `>= 0.84`"),
    )
    .default({})
    .register(fields, {
      title: "Goals",
      help: '`{ auc: ">= 0.84" }`: checked on the test rows; one that is not met ends with exit code 3.',
    }),
});

/** `90s`, `10m`, `1.5h`; more than nothing. */
export const DURATION = /^(?=.*[1-9])\d+(\.\d+)?[smh]$/;

/** Models: `auto`, ids, or ids with settings. */
const modelSchema = z.union([z.string(), z.looseObject({ trainer: z.string() })]);

/** A transform by its id with the columns that it takes (default: all of its kinds) and its settings. */
const featureStepSchema = z.looseObject({
  transform: z.string(),
  columns: z.array(z.string()).min(1).optional(),
  keepInputs: z.boolean().optional(),
});

export const projectSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,99}$/u, "use letters, digits, `.`, `_` and `-`")
    .optional()
    .register(fields, { title: "Model name", help: "Default: the target's." }),
  task: taskSchema.prefault({}),
  data: dataSchema.prefault({}),
  split: splitConfigSchema
    .optional()
    .register(fields, { title: "Split", help: "Default: by the data; `quern plan` says which and why." }),
  extensions: z.array(z.string()).default([]).register(fields, {
    title: "Extensions",
    help: "JavaScript modules of your own: metrics, trainers, transforms, finders, samplers, pruners, drift tests.",
  }),
  features: z.array(featureStepSchema).default([]).register(fields, {
    title: "Feature steps",
    help: "Transforms that come first, in order: `{ transform: log, columns: [price] }`; each family's own features are made of what they leave.",
  }),
  models: z
    .union([z.literal("auto"), z.array(modelSchema).min(1)])
    .default("auto")
    .register(fields, {
      title: "Models",
      help: "`auto`, or a list of trainers: `gbdt`, or with settings `{ trainer: gbdt, iterations: 300 }`.",
    }),
  cleaning: z
    .strictObject({
      duplicates: z.boolean().default(true).register(fields, { title: "Drop duplicate training rows" }),
      conflicts: z
        .boolean()
        .default(false)
        .register(fields, { title: "Drop training rows whose labels conflict" }),
      outliers: z
        .boolean()
        .default(false)
        .register(fields, { title: "Drop training rows with an outlying target" }),
    })
    .prefault({}),
  calibration: z.enum(["auto", "none", "platt", "isotonic", "temperature"]).default("auto").register(fields, {
    title: "Calibration of probabilities",
    help: "`auto` keeps one only if it helps on held-out rows.",
  }),
  tuning: z
    .strictObject({
      trials: z.number().int().min(1).max(10_000).optional().register(fields, {
        title: "Trials",
        help: "Configurations to try in all; the list of models comes first, then the search.",
      }),
      time: z.string().regex(DURATION, "write a duration as 90s, 10m or 1.5h").optional().register(fields, {
        title: "Time",
        help: "`10m`: ends within a tenth of it; not reproducible, as counted trials are.",
      }),
      sampler: z.string().default("tpe").register(fields, {
        title: "Sampler",
        help: "What proposes configurations after the list.",
      }),
      pruner: z.string().default("median").register(fields, {
        title: "Pruner",
        help: "What gives a configuration up after its first folds; `none` finishes all.",
      }),
      patience: z.number().int().min(0).default(0).register(fields, {
        title: "Patience",
        unit: "trials",
        help: "Ends a counted search when so many trials in a row brought nothing; 0: never.",
      }),
    })
    .prefault({}),
  ensemble: z
    .strictObject({
      kind: z.enum(["auto", "blend", "none"]).default("auto").register(fields, {
        title: "Ensemble",
        help: "`auto` averages the trials that are better together by the metric; `blend` finds weights by log loss or squared error; `none` keeps the best one.",
      }),
      folds: z.number().int().min(1).max(20).optional().register(fields, {
        title: "Inner folds",
        help: "How often each configuration is fitted to judge it; default by the number of rows.",
      }),
      stacking: z.enum(["auto", "none"]).default("none").register(fields, {
        title: "Stacking",
        help: "`auto` adds a second layer that learns from the first where it is clearly better, for a quarter more work; `none` never does.",
      }),
      distill: z.boolean().default(false).register(fields, {
        title: "Distill",
        help: "Keeps one small model that has learned what the ensemble predicts.",
      }),
    })
    .prefault({}),
  evaluation: z
    .strictObject({
      slices: z
        .array(z.string())
        .default([])
        .register(fields, { title: "Slices", help: "Columns whose groups are reported apart." }),
      fairness: z.array(z.string()).default([]).register(fields, {
        title: "Fairness columns",
        help: "Columns whose groups are compared; a column in `data.ignore` is compared without being learnt from.",
      }),
      baseline: z.boolean().default(true).register(fields, { title: "Compare with the baseline" }),
      resamples: z
        .number()
        .int()
        .min(0)
        .max(10_000)
        .default(500)
        .register(fields, { title: "Bootstrap resamples" }),
      learningCurve: z.boolean().default(true).register(fields, { title: "Learning curve" }),
      gain: z.record(z.string(), z.record(z.string(), z.number())).optional().register(fields, {
        title: "Gain of each outcome",
        help: "Negative: cost. Truth first, then decision: `{ yes: { yes: 100, no: -20 } }`; sets the threshold.",
      }),
    })
    .prefault({}),
  explanation: z
    .strictObject({
      backgroundRows: z.number().int().min(0).max(1000).default(64).register(fields, {
        title: "Training rows kept in the bundle",
        help: "They stand for the data when predictions are explained. 0 keeps training data out of the bundle.",
        unit: "rows",
      }),
    })
    .prefault({}),
  monitoring: monitoringSchema.prefault({}),
  retrain: retrainSchema.prefault({}),
  jobs: jobSettingsSchema.prefault({}),
  report: z
    .strictObject({
      language: z
        .enum(["en", "zh"])
        .default("en")
        .register(fields, { title: "Language of reports and alerts" }),
    })
    .prefault({}),
  seed: z.number().int().min(0).max(0xffffffff).default(0).register(fields, { title: "Seed" }),
});
/** As written by a person. */
export type ProjectInput = z.input<typeof projectSchema>;
/** With defaults filled in. */
export type Project = z.output<typeof projectSchema>;

/** What can change a model: how it is used and watched afterwards is no part of what it was made of. */
export function trainingPart({
  monitoring: _,
  retrain: __,
  jobs: ___,
  ...rest
}: Project): Omit<Project, "monitoring" | "retrain" | "jobs"> {
  return rest;
}
