import { z } from "zod";
import { findingSchema } from "./finding.js";
import { projectTaskSchema } from "./structured.js";

/** What `quern train --json` prints; scripts rely on these keys. */
export const trainResultSchema = z.strictObject({
  run: z.string(),
  model: z.string(),
  version: z.number().int().positive(),
  task: projectTaskSchema,
  metric: z.strictObject({
    name: z.string(),
    value: z.number().nullable(),
    /** 95 % interval; null where the split is too small to say. */
    low: z.number().nullable(),
    high: z.number().nullable(),
    split: z.string(),
    rows: z.number().int(),
  }),
  /** Of the model and of the baseline on the rows opened last, by metric; null = undefined there. */
  metrics: z.record(z.string(), z.number().nullable()),
  baseline: z.record(z.string(), z.number().nullable()),
  leaderboard: z.array(
    z.strictObject({
      trainer: z.string(),
      /** On held-out rows. */
      value: z.number().nullable(),
      seconds: z.number(),
      trial: z.number().int(),
      config: z.record(z.string(), z.unknown()),
      /** Share in the model; 0: not part of it. */
      weight: z.number(),
      /** Given up after its first folds. */
      pruned: z.boolean().optional(),
      /** Present when the trainer failed; the run goes on with the others. */
      error: z.string().optional(),
    }),
  ),
  ensemble: z.strictObject({
    /** The decisive metric on held-out rows, weights chosen without the row's fold. */
    value: z.number().nullable(),
    /** Fitted models that are averaged; 1: a single model. */
    members: z.number().int().positive(),
    /** Value of the ensemble that taught the one model there is; present where it was distilled. */
    distilledFrom: z.number().nullable().optional(),
  }),
  findings: z.array(findingSchema),
  /** Exported against trained model on held-out rows; on the scale of `predictionDistance`, at most 1e-5. */
  parity: z.strictObject({ rows: z.number().int(), maxAbsDiff: z.number() }),
  goals: z.array(
    z.strictObject({ name: z.string(), goal: z.string(), value: z.number().nullable(), met: z.boolean() }),
  ),
  /** Folder of the bundle. */
  bundle: z.string(),
  /** HTML file. */
  report: z.string(),
  /** Wall-clock time of the command. */
  seconds: z.number(),
  cached: z.strictObject({ steps: z.number().int(), hits: z.number().int() }),
});
export type TrainResult = z.infer<typeof trainResultSchema>;

/** What a run tells while it works: one line of the progress view, one record in the store. */
export interface RunEvent {
  readonly run: string;
  /** `load`, `profile`, `split`, `train`, `evaluate`, `export`, `report`. */
  readonly stage: string;
  /** Human-readable: "gbdt", "random-forest". */
  readonly detail?: string;
  readonly done: number;
  readonly total: number;
  readonly values?: Readonly<Record<string, number>>;
  /** Since the run began. */
  readonly elapsedMs: number;
  /** Until the training is done, estimated. */
  readonly etaMs?: number;
}
