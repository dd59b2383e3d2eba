/**
 * Calibrated uncertainty as a small plain value: it is stored in a bundle and turns predictions into intervals or
 * sets that hold the truth with a stated probability (Vovk, Gammerman and Shafer 2005). Made and applied by
 * `evaluation/conformal`.
 */
import { z } from "zod";

/** Null stands for infinity: too few rows to promise the level with anything finite. */
const bound = z.number().nullable();
const count = z.number().int().nonnegative();

const common = {
  formatVersion: z.literal(1),
  /** Promised share of rows whose truth is covered: 0.9. */
  level: z.number().gt(0).lt(1),
  /** Rows behind it. */
  rows: count,
  /**
   * `held-out`: the model had not seen these rows. `out-of-fold`: models of the other folds predicted them, and one
   * model of all rows, usually a little better than those, is served.
   */
  calibratedOn: z.enum(["held-out", "out-of-fold"]),
};

export const conformalIntervalSchema = z.strictObject({
  ...common,
  kind: z.literal("interval"),
  /**
   * `absolute`: prediction -+ margin. `normalised`: prediction -+ margin * scale, with a scale for each row.
   * `quantile`: from the lower predicted quantile - margin to the upper + margin (Romano, Patterson, Candès 2019).
   */
  method: z.enum(["absolute", "normalised", "quantile"]),
  /** Target's unit; `normalised`: multiples of the scale. `quantile`: may be negative. */
  margin: bound,
});
export type ConformalInterval = z.infer<typeof conformalIntervalSchema>;

export const conformalSetSchema = z.strictObject({
  ...common,
  kind: z.literal("set"),
  /**
   * `lac`: 1 - probability (Sadinle, Lei, Wasserman 2019). `aps`: the probability of the class and of all more
   * probable ones (Romano, Sesia, Candès 2020). `raps`: the same with a penalty on long sets (Angelopoulos 2021).
   */
  method: z.enum(["lac", "aps", "raps"]),
  classes: z.array(z.string()),
  /** A class is in the set where its score is at most this; one a class, all equal unless `byClass`. */
  thresholds: z.array(bound),
  /** The level holds within every class (Mondrian), not only over all rows. */
  byClass: z.boolean(),
  /** `raps`: added to the score of each class ranked beyond `rank`. */
  penalty: z.strictObject({ weight: z.number().nonnegative(), rank: count }).nullable(),
});
export type ConformalSet = z.infer<typeof conformalSetSchema>;

export const conformalSchema = z.discriminatedUnion("kind", [conformalIntervalSchema, conformalSetSchema]);
export type Conformal = z.infer<typeof conformalSchema>;
