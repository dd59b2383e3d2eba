import { z } from "zod";
import { fields } from "./extension.js";

const shares = {
  train: z
    .number()
    .positive()
    .max(1)
    .default(0.8)
    .register(fields, { title: "Training share", help: "Share of rows the models learn from." }),
  validation: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.1)
    .register(fields, { title: "Validation share", help: "Share of rows for early stopping and choices." }),
  test: z
    .number()
    .positive()
    .max(0.9)
    .default(0.1)
    .register(fields, { title: "Test share", help: "Share of rows that is opened once, at the end." }),
};

const SHARES_MESSAGE = "train, validation and test must add up to 1";
const addsUp = (value: { train: number; validation: number; test: number }): boolean =>
  Math.abs(value.train + value.validation + value.test - 1) < 1e-6;

/** How rows are divided. Assignment depends on a hash of the row's identity, not on its position. */
export const splitConfigSchema = z.discriminatedUnion("kind", [
  /** Every part has the class shares (regression: the target quantiles) of the whole, exactly to one row. */
  z.strictObject({ kind: z.literal("stratified"), ...shares }).refine(addsUp, SHARES_MESSAGE),
  /** A row's part depends on that row alone, so it stays when rows are added. */
  z.strictObject({ kind: z.literal("random"), ...shares }).refine(addsUp, SHARES_MESSAGE),
  /** All rows of a group go to the same part, which depends on that group alone. */
  z
    .strictObject({
      kind: z.literal("group"),
      group: z.string().register(fields, { title: "Group column" }),
      ...shares,
    })
    .refine(addsUp, SHARES_MESSAGE),
  /** Oldest rows train, newest test; rows of one moment stay together. */
  z
    .strictObject({
      kind: z.literal("time"),
      time: z.string().register(fields, { title: "Time column" }),
      ...shares,
    })
    .refine(addsUp, SHARES_MESSAGE),
  /** A column that says train, validation or test. */
  z.strictObject({
    kind: z.literal("columns"),
    column: z
      .string()
      .register(fields, { title: "Split column", help: "Holds train, validation or test in every row." }),
  }),
  z.strictObject({
    kind: z.literal("folds"),
    folds: z.number().int().min(2).max(100).default(5).register(fields, { title: "Folds" }),
    repeats: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(1)
      .register(fields, { title: "Repeats", help: "Each repeat divides the rows anew." }),
    stratified: z.boolean().default(true).register(fields, { title: "Stratified" }),
    group: z
      .string()
      .optional()
      .register(fields, { title: "Group column", help: "Rows of one group share a fold." }),
  }),
]);
export type SplitConfig = z.infer<typeof splitConfigSchema>;

/**
 * One division of the rows of a dataset version; ascending row numbers. Rows in none of the three are left
 * out (no target value, no time, no entry in the split column).
 */
export interface Split {
  readonly name: string;
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/**
 * Splits as stored with a dataset version: a plain value (see base/packing), one byte a row and division.
 * Parts: 0 train, 1 validation, 2 test. Folds: the fold in which the row is tested, 254 = always trained on.
 * 255 = left out.
 */
export interface SplitRecord {
  readonly formatVersion: 1;
  readonly config: SplitConfig;
  readonly seed: string;
  readonly rows: number;
  /** One a division: the repeats of folds, otherwise a single one. Length of `assignments` = rows * divisions. */
  readonly divisions: number;
  readonly assignments: Uint8Array;
}
