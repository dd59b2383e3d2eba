/** Predictions worth a person's look, waiting for their labels: from uncertainty, novelty or chance back to training. */
import { z } from "zod";
import type { Document } from "./document.js";
import { fields } from "./extension.js";
import { momentSchema } from "./moment.js";
import type { Feedback, FeedbackReceipt } from "./monitoring-store.js";

/**
 * `random`: drawn by chance; `uncertain`: the model was unsure; `novel`: unlike what it learnt from. Labels of the
 * last two teach but do not judge: they are harder than what people ask. Chance draws first, so that its sample holds
 * uncertain and novel rows in their proportion.
 */
export const LABEL_REASONS = ["random", "uncertain", "novel"] as const;
export type LabelReason = (typeof LABEL_REASONS)[number];
export const UNCERTAINTY_MEASURES = ["entropy", "margin"] as const;

export const labelQueueSchema = z.strictObject({
  capacity: z.number().int().min(0).max(1_000_000).default(500).register(fields, {
    title: "Predictions that may wait for a label; 0 turns the queue off",
    unit: "rows",
  }),
  shares: z
    .strictObject({
      uncertain: z.number().min(0).max(1).default(0.5),
      novel: z.number().min(0).max(1).default(0.25),
      random: z.number().min(0).max(1).default(0.25),
    })
    .prefault({})
    .register(fields, { title: "Of the queue, by why a prediction is in it" }),
  measure: z.enum(UNCERTAINTY_MEASURES).default("entropy").register(fields, {
    title: "What uncertainty is",
    help: "`entropy` of all classes, or a small `margin` between the two likeliest.",
  }),
  leastUncertainty: z.number().min(0).max(1).default(0.5).register(fields, {
    title: "Predictions that are surer are not queued for uncertainty",
    help: "0 certain, 1 as unsure as can be.",
  }),
});
export type LabelQueueSettings = z.output<typeof labelQueueSchema>;

/** A prediction that is offered to the queue. */
export interface LabelCandidate {
  /** Of the prediction. */
  readonly id: string;
  readonly version: number;
  readonly reason: LabelReason;
  /** Of candidates for one reason those with the higher one stay. */
  readonly score: number;
  /** SHA-256 of the inputs: the same row is asked about once. */
  readonly content: string;
  /** `inputs` by name, `prediction`. */
  readonly document: Document;
  /** Epoch milliseconds. */
  readonly predictedAt: number;
}

/** `skipped`: somebody has looked and cannot say; it is not asked about again, unless its label comes all the same. */
export const LABEL_STATES = ["waiting", "exported", "labelled", "skipped"] as const;
export type LabelState = (typeof LABEL_STATES)[number];

export const labelItemSchema = z.strictObject({
  id: z.string(),
  version: z.number().int().positive(),
  reason: z.enum(LABEL_REASONS),
  score: z.number(),
  state: z.enum(LABEL_STATES),
  /** Of the model: a class with its probability, or a number. */
  prediction: z.string(),
  inputs: z.record(z.string(), z.unknown()),
  predictedAt: z.number().describe("epoch milliseconds"),
  /** Null before it is known. */
  label: z.string().nullable(),
});
export type LabelItem = z.infer<typeof labelItemSchema>;

export interface LabelQuery {
  readonly states?: readonly LabelState[];
  /** Without those of which the truth came by other ways meanwhile. */
  readonly unanswered?: boolean;
  readonly limit?: number;
  /** The side that a limit keeps; `oldest` by default. */
  readonly from?: "oldest" | "newest";
}

export interface LabelQueue {
  /**
   * Takes what has a place, best first; what waits and is worse makes room. What was exported or labelled stays, and
   * neither a prediction nor a row's content comes twice.
   * @param places by reason
   */
  offer(
    model: string,
    candidates: readonly LabelCandidate[],
    places: Readonly<Record<LabelReason, number>>,
  ): Promise<{ readonly added: number; readonly removed: number }>;
  /** Newest predictions last. */
  list(model: string, query?: LabelQuery): Promise<readonly LabelItem[]>;
  counts(model: string): Promise<Readonly<Record<LabelState, number>>>;
  markExported(model: string, ids: readonly string[]): Promise<void>;
  /** Those that are in the queue and have no label. @returns how many were not skipped before */
  skip(model: string, ids: readonly string[]): Promise<number>;
  /** Feedback and the queue's own record in one transaction; telling it twice changes nothing. */
  addLabels(
    model: string,
    labels: readonly Feedback[],
  ): Promise<FeedbackReceipt & { readonly queued: number }>;
  /** Predictions labelled because they were uncertain or novel. */
  chosenOnPurpose(model: string): Promise<ReadonlySet<string>>;
}

/** What `label --json` prints; scripts rely on these keys. */
export const labelResultSchema = z.strictObject({
  model: z.string(),
  counts: z.strictObject({
    waiting: z.number().int(),
    exported: z.number().int(),
    labelled: z.number().int(),
    skipped: z.number().int(),
  }),
  /** Of `list`. */
  items: z.array(labelItemSchema),
  /** Of `export`: the file, and how many rows it has. */
  exported: z.strictObject({ path: z.string(), rows: z.number().int() }).nullable(),
  /** Of `skip`: how many were not skipped before. */
  skipped: z.number().int().nullable(),
  /** Of `import`. */
  imported: z
    .strictObject({
      added: z.number().int(),
      corrected: z.number().int(),
      repeated: z.number().int(),
      /** Of predictions that were in the queue. */
      queued: z.number().int(),
    })
    .nullable(),
});
export type LabelResult = z.infer<typeof labelResultSchema>;

/** Labels as people give them one by one; telling them twice changes nothing. */
export const labelRequestSchema = z.strictObject({
  labels: z
    .array(
      z.strictObject({
        id: z.string().min(1).max(200).describe("of the prediction"),
        label: z.union([z.string().max(1000), z.number()]).describe("a class, or a number"),
        at: momentSchema.optional().describe("when it became known, epoch milliseconds; default now"),
      }),
    )
    .min(1)
    .max(10_000),
});
export const labelSkipSchema = z.strictObject({
  ids: z.array(z.string().min(1).max(200)).min(1).max(10_000).describe("of the predictions"),
});
