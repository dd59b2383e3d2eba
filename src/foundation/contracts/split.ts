import { z } from "zod";

const share = z.number().positive().max(1);
const shares = {
  train: share.default(0.8),
  validation: z.number().min(0).max(1).default(0.1),
  test: share.default(0.1),
};

/** How rows are divided. Assignment depends on a hash of the row's identity, not on its position. */
export const splitConfigSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("stratified"), ...shares }),
  z.strictObject({ kind: z.literal("random"), ...shares }),
  z.strictObject({ kind: z.literal("group"), group: z.string(), ...shares }),
  /** Oldest rows train, newest test. */
  z.strictObject({ kind: z.literal("time"), time: z.string(), ...shares }),
  /** A column that says train, validation or test. */
  z.strictObject({ kind: z.literal("columns"), column: z.string() }),
  z.strictObject({
    kind: z.literal("folds"),
    folds: z.number().int().min(2).max(100).default(5),
    repeats: z.number().int().min(1).default(1),
    stratified: z.boolean().default(true),
    group: z.string().optional(),
  }),
]);
export type SplitConfig = z.infer<typeof splitConfigSchema>;

/** One division of the rows of a dataset version; ascending row numbers. */
export interface Split {
  readonly name: string;
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}
