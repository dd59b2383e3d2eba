/** What a store remembers of models in use: logged predictions, what turned out true, alarms, and what was decided. */
import { z } from "zod";
import type { Sha256 } from "../base/hash.js";
import type { Document } from "./document.js";

/** Logged predictions of one model version, sealed: a Parquet blob (`prediction-log` says what is in it). */
export interface PredictionSegment {
  readonly blob: Sha256;
  /** The journal it was made of. */
  readonly source: string;
  readonly model: string;
  readonly version: number;
  readonly rows: number;
  /** Epoch milliseconds of the first and the last prediction. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Inputs that were hashed or left out. */
  readonly redacted: readonly string[];
}

/** What turned out to be true of a prediction. */
export interface Feedback {
  /** Of the prediction, as the answer gave it. */
  readonly id: string;
  /** A class, or a number as text. */
  readonly actual: string;
  /** When it became known, epoch milliseconds. */
  readonly observedAt: number;
}

/** Of records handed in: new, a later word on a known prediction, or said before. */
export const feedbackReceiptSchema = z.strictObject({
  added: z.number().int().nonnegative(),
  corrected: z.number().int().nonnegative(),
  repeated: z.number().int().nonnegative(),
});
export type FeedbackReceipt = z.infer<typeof feedbackReceiptSchema>;

/** A record that cannot be the truth of a prediction, and was not taken in. */
export const refusedFeedbackSchema = z.strictObject({
  /** Of the record among those handed in, from 0. */
  index: z.number().int().nonnegative(),
  id: z.string(),
  message: z.string(),
  hint: z.string(),
});
export type RefusedFeedback = z.infer<typeof refusedFeedbackSchema>;

/** A class that came up in labels and that a model does not know. */
export const unknownClassSchema = z.strictObject({
  label: z.string(),
  rows: z.number().int().positive(),
});
export type UnknownClass = z.infer<typeof unknownClassSchema>;

/** What became of all records handed in. */
export const feedbackAnswerSchema = feedbackReceiptSchema.extend({
  refused: z.array(refusedFeedbackSchema),
  /** Kept and counted above, most frequent first: a class that is new in the world must not be lost. */
  unknownClasses: z.array(unknownClassSchema),
});
export type FeedbackAnswer = z.infer<typeof feedbackAnswerSchema>;

export const ALERT_SEVERITIES = ["page", "ticket", "info"] as const;

/** Something that is the case now; `key` says what, so that the same thing is not told twice. */
export const alertConditionSchema = z.strictObject({
  key: z.string(),
  severity: z.enum(ALERT_SEVERITIES),
  message: z.string(),
  evidence: z.record(z.string(), z.unknown()),
});
export type AlertCondition = z.infer<typeof alertConditionSchema>;

export interface AlertRecord extends AlertCondition {
  readonly model: string;
  readonly firstAt: number;
  readonly lastAt: number;
  /** How often it was found while open. */
  readonly times: number;
  readonly notifiedAt: number;
  /** Null while it is the case. */
  readonly resolvedAt: number | null;
}

/** What came of telling the store what is the case. */
export interface AlertChanges {
  /** New, or open for so long that people are to hear of them again. */
  readonly toNotify: readonly AlertRecord[];
  readonly open: readonly AlertRecord[];
  /** No longer the case. */
  readonly resolved: readonly AlertRecord[];
}

/** What was decided about a model, by whom or what rule, on which evidence. Never changed afterwards. */
export interface Decision {
  readonly model: string;
  /** `retrain`, `promote`, `reject`, `rollback`, `experiment`. */
  readonly kind: string;
  readonly verdict: string;
  readonly reason: string;
  readonly evidence: Document;
  readonly decidedAt: number;
}

export interface MonitoringStore {
  /** All segments of a journal at once; a journal that is known already changes nothing. */
  addSegments(source: string, segments: readonly PredictionSegment[]): Promise<void>;
  /** Whose predictions reach into `from` <= time < `to`; oldest first. */
  segments(query: {
    readonly model: string;
    readonly version?: number;
    readonly from?: number;
    readonly to?: number;
  }): Promise<readonly PredictionSegment[]>;
  /** Forgets segments and feedback that end before this time. @returns how many segments */
  expire(before: number): Promise<number>;
  /** Durable when it returns. The word observed last holds, however often and in whatever order it is told. */
  addFeedback(model: string, feedback: readonly Feedback[]): Promise<FeedbackReceipt>;
  /** Of these predictions, where there is any. */
  feedbackFor(model: string, ids: readonly string[]): Promise<ReadonlyMap<string, Feedback>>;
  feedbackRows(model: string): Promise<number>;
  /** Opens, keeps and resolves alerts so that they equal the conditions; each is told once, then every `repeatMs`. */
  reconcileAlerts(
    model: string,
    conditions: readonly AlertCondition[],
    repeatMs: number,
  ): Promise<AlertChanges>;
  /** Of the models of these names, by model and key. */
  openAlerts(models: readonly string[]): Promise<readonly AlertRecord[]>;
  decide(decision: Omit<Decision, "decidedAt">): Promise<Decision>;
  /** Newest first. */
  decisions(model: string, limit?: number): Promise<readonly Decision[]>;
}
