import { z } from "zod";
import { columnKindSchema } from "./column.js";
import { fields } from "./extension.js";
import { splitConfigSchema } from "./split.js";
import { taskTypeSchema } from "./target.js";

/**
 * `quern.yaml`. Strict: an unknown key is an error. Everything is optional because `quern train DATA --target Y`
 * infers the rest; the resolved form, with nothing left open, is stored with each run.
 */
const dataSchema = z.strictObject({
  source: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .register(fields, { title: "Source", help: "A file, folder, glob, URL or `-`; relative to quern.yaml." }),
  format: z.enum(["csv", "tsv", "json", "jsonl", "parquet", "xlsx"]).optional(),
  delimiter: z.string().length(1).optional(),
  encoding: z.string().optional(),
  header: z.boolean().optional(),
  sheet: z.string().optional(),
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
  type: taskTypeSchema.optional(),
  target: z.string().optional(),
  /** Binary: the class whose probability is reported first and whose metric is computed. */
  positive: z.union([z.string(), z.number(), z.boolean()]).transform(String).optional(),
  metric: z.string().optional(),
  /** `{ auc: ">= 0.84" }`: checked on the test split; a goal that is not met ends with exit code 3. */
  goals: z
    .record(
      z.string(),
      z.string().regex(/^\s*(>=|<=|>|<)\s*-?\d+(\.\d+)?([eE][-+]?\d+)?\s*$/, "write a goal as `>= 0.84`"),
    )
    .default({}),
});

/** Models: `auto`, ids, or ids with settings. */
const modelSchema = z.union([z.string(), z.looseObject({ trainer: z.string() })]);

export const projectSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,99}$/u, "use letters, digits, `.`, `_` and `-`")
    .optional(),
  task: taskSchema.prefault({}),
  data: dataSchema.prefault({}),
  split: splitConfigSchema.optional(),
  extensions: z.array(z.string()).default([]).register(fields, {
    title: "Extensions",
    help: "JavaScript modules of your own that export `metrics` or `trainers`.",
  }),
  models: z.union([z.literal("auto"), z.array(modelSchema).min(1)]).default("auto"),
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
  calibration: z.enum(["auto", "none", "platt", "isotonic", "temperature"]).default("auto"),
  tuning: z
    .strictObject({
      trials: z.number().int().min(1).max(10_000).optional().register(fields, {
        title: "Trials",
        help: "Configurations to try in all; the default models come first.",
      }),
    })
    .prefault({}),
  evaluation: z
    .strictObject({
      slices: z
        .array(z.string())
        .default([])
        .register(fields, { title: "Slices", help: "Columns whose groups are reported apart." }),
      baseline: z.boolean().default(true),
      resamples: z
        .number()
        .int()
        .min(0)
        .max(10_000)
        .default(500)
        .register(fields, { title: "Bootstrap resamples" }),
      learningCurve: z.boolean().default(true),
      /** Gain (or, negative, cost) of each outcome: `{ yes: { yes: 100, no: -20 } }`, truth first, then decision. */
      gain: z.record(z.string(), z.record(z.string(), z.number())).optional(),
    })
    .prefault({}),
  report: z.strictObject({ language: z.enum(["en", "zh"]).default("en") }).prefault({}),
  seed: z.number().int().min(0).max(0xffffffff).default(0),
});
/** As written by a person. */
export type ProjectInput = z.input<typeof projectSchema>;
/** With defaults filled in. */
export type Project = z.output<typeof projectSchema>;
