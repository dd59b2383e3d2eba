import { z } from "zod";

/** What a column means, which decides how it is read, profiled and transformed. */
export const COLUMN_KINDS = [
  "number",
  "boolean",
  "category",
  "text",
  "datetime",
  "id",
  "image",
  "audio",
  "video",
  "vector",
  "ignore",
] as const;
export type ColumnKind = (typeof COLUMN_KINDS)[number];
export const columnKindSchema = z.enum(COLUMN_KINDS);

/** A column of a dataset as decided at ingest: what it is and why. Persisted with the dataset version. */
export const columnSchemaSchema = z.strictObject({
  name: z.string(),
  kind: columnKindSchema,
  /** One sentence: the evidence behind the kind. */
  reason: z.string(),
  /** `float32` where every value survives the rounding apart; otherwise `float64`. Numbers only. */
  precision: z.enum(["float32", "float64"]).optional(),
  /** A category whose values are written as numbers is compared in canonical text (`3`, not `3.0`). */
  numericCategory: z.boolean().optional(),
  /** How the source wrote it, where that must be repeated for new data. */
  format: z
    .strictObject({
      /** Number: characters to drop before parsing (thousands separators, currency, percent). */
      strip: z.string().optional(),
      /** Number: a unit to drop from its end before that, `kg`, with the blanks before it. */
      unit: z.string().optional(),
      decimal: z.enum([".", ","]).optional(),
      /** Number: durations and times of day (`1:30:00`), in units of their last part. */
      clock: z.boolean().optional(),
      /** Multiplied after parsing: 0.01 for percent. */
      scale: z.number().optional(),
      /** Texts (trimmed, lower case) that mean "missing" in this column, beside the empty text. */
      missing: z.array(z.string()).optional(),
      /** Datetime: `iso`, `epoch-s`, `epoch-ms` or a strptime pattern (base/datetime-pattern.ts). */
      datetime: z.string().optional(),
      /** Boolean: the texts (trimmed, lower case) that mean true and false. */
      trueText: z.array(z.string()).optional(),
      falseText: z.array(z.string()).optional(),
      /** Vector: its width. Image: pixels across, to which it is read. */
      width: z.number().int().positive().optional(),
      /** Image: pixels down, to which it is read. */
      height: z.number().int().positive().optional(),
      /** Image: 1 (grey) or 3 (red, green, blue). */
      channels: z.union([z.literal(1), z.literal(3)]).optional(),
    })
    .optional(),
});
export type ColumnSchema = z.infer<typeof columnSchemaSchema>;
