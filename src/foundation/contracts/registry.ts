/** What must be true of a model before an alias points to it, and what is kept of each time one did. */
import { z } from "zod";

const goalsSchema = z.record(z.string(), z.string().regex(/^\s*(>=|<=|>|<)\s*-?\d+(\.\d+)?(e-?\d+)?\s*$/i));

/** The gates of one alias of one model, such as `champion` of `churn`. */
export const gatesSchema = z.strictObject({
  /** Bounds by figure: a metric of the model's evaluation, `latencyP99Ms` (measured when asked) or `sizeMb`. */
  goals: goalsSchema.default({}),
  /** The stored bundle loads and answers its own sample as it did when it was made. */
  parity: z.boolean().default(true),
  /** The model card says what the model does, needs, is worth and where it comes from. */
  card: z.boolean().default(true),
  /** Bounds by fairness criterion, on the largest difference between groups in any column examined. */
  fairness: goalsSchema.default({}),
  /** People who have agreed to this version under this alias. */
  approvals: z.number().int().min(0).max(20).default(0),
});
export type Gates = z.infer<typeof gatesSchema>;

export const gateResultSchema = z.strictObject({
  /** `goal`, `parity`, `card`, `fairness` or `approvals`. */
  gate: z.string(),
  /** What was looked at: the figure or criterion; otherwise empty. */
  subject: z.string(),
  /** What was asked for, in words. */
  wanted: z.string(),
  /** What was found, in words. */
  found: z.string(),
  met: z.boolean(),
});
export type GateResult = z.infer<typeof gateResultSchema>;

/** Kept beside each change of an alias. */
export const changeEvidenceSchema = z.strictObject({
  kind: z.enum(["promotion", "rollback"]),
  /** Who asked for it; empty where nobody was named. */
  actor: z.string(),
  gates: z.array(gateResultSchema),
  /** Whether it happened although a gate was not met. */
  forced: z.boolean(),
});
export type ChangeEvidence = z.infer<typeof changeEvidenceSchema>;

export const approvalSchema = z.strictObject({
  version: z.number().int().positive(),
  alias: z.string(),
  approver: z.string(),
  note: z.string(),
  approvedAt: z.number().describe("epoch milliseconds"),
});
export type Approval = z.infer<typeof approvalSchema>;

export const aliasChangeSchema = z.strictObject({
  alias: z.string(),
  from: z.number().int().positive().nullable(),
  to: z.number().int().positive().nullable(),
  reason: z.string(),
  changedAt: z.number().describe("epoch milliseconds"),
  /** Null for changes made without gates. */
  evidence: changeEvidenceSchema.nullable(),
});
export type AliasChange = z.infer<typeof aliasChangeSchema>;

/** What `promote` and `rollback` answer. */
export const promotionSchema = z.strictObject({
  name: z.string(),
  alias: z.string(),
  version: z.number().int().positive(),
  /** The version that the alias pointed to before. */
  from: z.number().int().positive().nullable(),
  reason: z.string(),
  gates: z.array(gateResultSchema),
  forced: z.boolean(),
});
export type Promotion = z.infer<typeof promotionSchema>;
