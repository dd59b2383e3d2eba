/** When a model is trained again, on what, and what it takes to replace the one in use. */
import { z } from "zod";
import { comparisonSchema } from "./evaluation.js";
import { experimentDesignSchema, experimentStatusSchema } from "./experiment.js";
import { fields } from "./extension.js";
import { spanSchema } from "./span.js";

export const TRIGGERS = ["manual", "schedule", "drift", "performance", "quality", "labels"] as const;
export type Trigger = (typeof TRIGGERS)[number];

export const candidateExperimentSchema = experimentDesignSchema.extend({
  share: z.number().gt(0).lt(1).default(0.5).register(fields, {
    title: "Share of the traffic that the candidate gets",
  }),
});

export const retrainSchema = z.strictObject({
  every: spanSchema.optional().register(fields, {
    title: "Train again after",
    help: "`30d` since the champion was made. Without it time alone is no reason.",
  }),
  onDrift: z
    .boolean()
    .default(true)
    .register(fields, { title: "Train again when inputs or predictions drift" }),
  onPerformance: z.boolean().default(true).register(fields, {
    title: "Train again when performance is lost",
    help: "Measured, or contradicted by the estimate.",
  }),
  newLabels: z.number().int().min(1).optional().register(fields, {
    title: "Train again after so many new labels",
    unit: "rows",
  }),
  data: z.enum(["both", "labelled"]).default("both").register(fields, {
    title: "Rows to learn from",
    help: "`both`: those of the training and the labelled predictions; `labelled`: the predictions alone.",
  }),
  window: spanSchema.optional().register(fields, {
    title: "Labelled predictions no older than this",
    help: "Default: all there are.",
  }),
  freshShare: z.number().min(0.1).max(0.9).default(0.3).register(fields, {
    title: "Share of the labelled predictions that judges",
    help: "The newest ones; neither model learns from them.",
  }),
  minimumFreshRows: z.number().int().min(20).default(100).register(fields, {
    title: "Fewest rows to judge by",
    unit: "rows",
  }),
  gate: z.enum(["better", "not-worse"]).default("better").register(fields, {
    title: "What a candidate must be on the fresh rows",
    help: "`better`: the whole 95% interval of the improvement is above 0; `not-worse`: above minus the tolerance of monitoring.",
  }),
  promote: z.boolean().default(true).register(fields, {
    title: "Make a candidate that passes the champion",
    help: "Otherwise it becomes the challenger and a person decides.",
  }),
  shadow: z
    .strictObject({
      rows: z.number().int().min(1).default(500).register(fields, {
        title: "Rows that the candidate answers unseen",
        unit: "rows",
      }),
      longest: spanSchema.default("7d").register(fields, { title: "Given up after" }),
    })
    .optional()
    .register(fields, {
      title: "Let a candidate that passes answer beside the champion first",
      help: "Its answers are logged and compared, never returned. It goes on unless it is surely worse.",
    }),
  experiment: candidateExperimentSchema.optional().register(fields, {
    title: "Put a candidate to an experiment before it is promoted",
    help: "Needs `quern serve --log` and feedback; `quern retrain` looks at it each time it is called.",
  }),
  trials: z.number().int().min(1).max(10_000).optional().register(fields, {
    title: "Trials",
    help: "Default: as the project's tuning says.",
  }),
  warmStart: z.boolean().default(false).register(fields, {
    title: "Try only the trainers of the champion",
    help: "Cheaper; the full list finds what the new rows ask for.",
  }),
});
export type RetrainPolicy = z.output<typeof retrainSchema>;

export const triggerFindingSchema = z.strictObject({
  trigger: z.enum(TRIGGERS),
  reason: z.string(),
});
export type TriggerFinding = z.infer<typeof triggerFindingSchema>;

/** A candidate that answered the champion's requests unseen. */
export const shadowStatusSchema = z.strictObject({
  startedAt: z.number().describe("epoch milliseconds"),
  /** That both answered. */
  rows: z.number().int().nonnegative(),
  /** Share on which they say the same: the class, or numbers within one percent. */
  agreement: z.number().nullable(),
  /** Where labels are known; null where there are too few. */
  comparison: comparisonSchema.nullable(),
});
export type ShadowStatus = z.infer<typeof shadowStatusSchema>;

/** What `retrain --json` prints; scripts rely on these keys. */
export const retrainResultSchema = z.strictObject({
  model: z.string(),
  champion: z.number().int().positive(),
  /**
   * `skipped`: nothing asked for it, or too few labels to judge; `shadowing`, `experimenting`: the candidate is on its
   * way, and the next call looks again.
   */
  verdict: z.enum(["promoted", "challenger", "rejected", "skipped", "shadowing", "experimenting"]),
  reason: z.string(),
  triggers: z.array(triggerFindingSchema),
  candidate: z.number().int().positive().nullable(),
  rows: z.strictObject({
    training: z.number().int().nonnegative(),
    labelled: z.number().int().nonnegative(),
    fresh: z.number().int().nonnegative(),
  }),
  /** Candidate against champion on the fresh rows: positive improvement is the candidate's. */
  comparison: comparisonSchema.nullable(),
  shadow: shadowStatusSchema.nullable(),
  experiment: experimentStatusSchema.nullable(),
  seconds: z.number(),
});
export type RetrainResult = z.infer<typeof retrainResultSchema>;
