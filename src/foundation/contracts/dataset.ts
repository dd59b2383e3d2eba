/** Dataset versions: immutable, named by their content. */
import { z } from "zod";
import { columnKindSchema, columnSchemaSchema } from "./column.js";
import { sourceDescriptionSchema } from "./source.js";

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();

export const datasetColumnSchema = z.strictObject({
  name: z.string(),
  kind: columnKindSchema,
  missing: count,
  /** SHA-256 of the column's values in row order. */
  content: sha256Schema,
});

/** What the store keeps as the `document` of a dataset; the rows are its blob `table` (Parquet). */
export const datasetDocumentSchema = z.strictObject({
  formatVersion: z.literal(1),
  /** SHA-256 over the names, kinds and values of the columns; neither file format nor compression matters. */
  id: sha256Schema,
  rows: count,
  sources: z.array(sourceDescriptionSchema),
  schema: z.array(columnSchemaSchema),
  columns: z.array(datasetColumnSchema),
  /** The version this one was made from. */
  parent: sha256Schema.optional(),
});
export type DatasetDocument = z.infer<typeof datasetDocumentSchema>;

export const distributionChangeSchema = z.strictObject({
  column: z.string(),
  /**
   * Population stability index over the deciles (numbers, times) or the commonest values (other kinds) of the
   * first version, missing values a bin of their own. Under 0.1 little, over 0.25 much.
   */
  psi: z.number().nonnegative(),
  /** Kolmogorov-Smirnov distance at the percentiles of the first version; numbers and times only. */
  ks: z.number().min(0).max(1).optional(),
  missingBefore: z.number().min(0).max(1),
  missingAfter: z.number().min(0).max(1),
});
export type DistributionChange = z.infer<typeof distributionChangeSchema>;

export const datasetComparisonSchema = z.strictObject({
  before: sha256Schema,
  after: sha256Schema,
  rows: z.strictObject({
    before: count,
    after: count,
    added: count,
    removed: count,
    /** Same id, other values; only where rows are matched by an id column. */
    changed: count.optional(),
    unchanged: count,
    /** What two rows must share to be one: the id column, or all common columns. */
    matchedBy: z.array(z.string()),
  }),
  schema: z.strictObject({
    added: z.array(z.string()),
    removed: z.array(z.string()),
    changed: z.array(
      z.strictObject({ column: z.string(), before: columnKindSchema, after: columnKindSchema }),
    ),
  }),
  /** Every common column of one kind, the most changed first. */
  distributions: z.array(distributionChangeSchema),
});
export type DatasetComparison = z.infer<typeof datasetComparisonSchema>;
