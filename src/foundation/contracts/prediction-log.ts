/** How answers of a server reach the log of predictions, and what the log keeps of them. */
import { z } from "zod";
import type { Manifest } from "./bundle.js";
import { fields } from "./extension.js";
import type { Prediction, Row } from "./prediction.js";

/** Why a model was asked: its answer was given out, or only compared. */
export const PREDICTION_ROLES = ["live", "shadow"] as const;
export type PredictionRole = (typeof PREDICTION_ROLES)[number];

/** Rows that a model has just answered. Nothing may change them afterwards. */
export interface AnsweredRows {
  readonly manifest: Manifest;
  /** One a row; what feedback names later. */
  readonly ids: readonly string[];
  readonly rows: readonly Row[];
  readonly predictions: readonly Prediction[];
  /** Default `live`. */
  readonly role?: PredictionRole;
  /** Whose request it was, where an experiment or bandit chose the version by it. */
  readonly assignment?: { readonly experiment: string; readonly subject: string };
}

/** Where a server hands its answers to. */
export interface PredictionSink {
  /** Returns at once and never throws: rows that find no place are dropped and counted, answers never wait. */
  record(answered: AnsweredRows): void;
  /** For metrics; absent where nothing is counted. */
  counts?(): PredictionLogCounts;
}

/** What became of the rows handed over since the start. */
export interface PredictionLogCounts {
  /** Durable. */
  readonly written: number;
  /** Not chosen by sampling. */
  readonly skipped: number;
  /** The queue was full, or the disk refused. */
  readonly dropped: number;
  readonly waiting: number;
}

export const predictionLogSchema = z.strictObject({
  sample: z.number().min(0).max(1).default(1).register(fields, {
    title: "Share of predictions kept",
    help: "Chosen by the id, so that all versions keep the same ones. 0 keeps none.",
  }),
  columns: z
    .record(z.string(), z.enum(["keep", "hash", "drop"]))
    .default({})
    .register(fields, {
      title: "Columns not kept as they are",
      help: "`hash` keeps whether two values are equal, `drop` nothing. Columns that the model does not read are never kept.",
    }),
  maximumTextLength: z.number().int().min(1).max(100_000).default(2000).register(fields, {
    title: "Longer texts are cut",
    unit: "characters",
  }),
  queueRows: z.number().int().min(1).max(1_000_000).default(20_000).register(fields, {
    title: "Rows that may wait to be written",
    unit: "rows",
  }),
  segmentRows: z.number().int().min(1).max(1_000_000).default(50_000).register(fields, {
    title: "Rows of one journal",
    unit: "rows",
  }),
  retentionDays: z.number().min(0.01).max(36_500).default(180).register(fields, {
    title: "Predictions and feedback are kept for",
    unit: "days",
  }),
});
export type PredictionLogSettings = z.output<typeof predictionLogSchema>;

/** One prediction as journals hold it. */
export const loggedPredictionSchema = z.strictObject({
  id: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
  model: z.string(),
  version: z.number().int(),
  role: z.enum(PREDICTION_ROLES),
  /** The class decided, or the number as text. */
  answer: z.string(),
  /** In the order of the classes; empty where a number is predicted. */
  probabilities: z.array(z.number()),
  /** In the order of the model's inputs, each as the text that reads as the same value again; "" = missing. */
  inputs: z.array(z.string()),
  redacted: z.array(z.string()).optional(),
  /** Of the experiment that chose the version, without spaces. */
  experiment: z.string().optional(),
  /** Whom it chose for, by a keyed hash: equal for equal subjects, and nobody's name. */
  unit: z.string().optional(),
});
export type LoggedPrediction = z.infer<typeof loggedPredictionSchema>;
