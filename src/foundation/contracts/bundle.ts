/** The files of a bundle: everything a model needs, nothing executable. */
import { z } from "zod";
import { canonicalJson } from "../base/canonical-json.js";
import { columnSchemaSchema } from "./column.js";
import { modelTaskSchema } from "./structured.js";

/** Raised when an older reader could misread a newer bundle. Readers accept their own version and all older ones. */
export const BUNDLE_FORMAT_VERSION = 1;

export const BUNDLE_FILES = {
  manifest: "manifest.json",
  model: "model.onnx",
  sample: "sample.json",
  metrics: "metrics.json",
  card: "card.md",
  assets: "assets/",
} as const;

/** More distinct values than this are not listed in the manifest. */
export const MAXIMUM_LISTED_CATEGORIES = 1000;

const identifier = z.string().min(1).max(200);

export const INPUT_KINDS = [
  "number",
  "boolean",
  "category",
  "text",
  "datetime",
  "id",
  "vector",
  "image",
] as const;

/** A raw column that rows bring. */
export const bundleInputSchema = z.strictObject({
  /** How the column is called, what it means and how its texts are read. */
  column: columnSchemaSchema.extend({ kind: z.enum(INPUT_KINDS) }),
  /**
   * Whether a row may leave the column out, which then counts as missing: true where values were missing in
   * training. An explicit null is accepted everywhere, but where the column is required.
   */
  optional: z.boolean(),
  /** Nothing can be said of a row that has no value here: null is refused as well. */
  required: z.literal(true).optional(),
  /** Smallest and largest training value (datetime: epoch milliseconds); absent where all were missing. */
  range: z.tuple([z.number(), z.number()]).optional(),
  /** Values seen in training, most frequent first, unless there were too many. Others are accepted. */
  categories: z.array(z.string()).max(MAXIMUM_LISTED_CATEGORIES).optional(),
});
export type BundleInput = z.infer<typeof bundleInputSchema>;

/** A transform that runs before the graph. */
export const hostTransformSchema = z.strictObject({
  id: identifier,
  version: z.number().int().positive(),
  /** Columns it takes, in order: raw, or made by an earlier host transform. */
  inputs: z.array(z.string()).min(1),
  /** Names of the columns it makes, in order. */
  outputs: z.array(z.string()).min(1),
  /** Packed state (base/packing) inside the bundle. */
  state: z.string().startsWith(BUNDLE_FILES.assets),
});
export type HostTransformReference = z.infer<typeof hostTransformSchema>;

const size = z.number().int().positive();

/** One input of the graph: the column that fills it, raw or made by a host transform. */
export const graphInputSchema = z.strictObject({
  tensor: identifier,
  column: z.string(),
  kind: z.enum([...INPUT_KINDS, "tokens"]),
  type: z.enum(["float32", "float64", "int64", "string", "uint8", "int32"]),
  /** The shape is [N, width]: vectors have their width, tokens their length, all others 1 … */
  width: size,
  /** … and images are [N, height, width, channels]. */
  image: z.strictObject({ height: size, channels: size }).optional(),
});
export type GraphInput = z.infer<typeof graphInputSchema>;

/** What a row of the input holds: all dimensions but the first. */
export function cellShape({ width, image }: Pick<GraphInput, "width" | "image">): readonly number[] {
  return image ? [image.height, width, image.channels] : [width];
}

/** Names of classes, labels or tags; the tensors hold their indices. */
const names = z.array(z.string()).min(1);

export const bundleOutputsSchema = z.discriminatedUnion("kind", [
  /** Tensors `label` string [N] and `probabilities` float32 [N, classes]. Binary: the second class is positive. */
  z.strictObject({ kind: z.literal("classes"), classes: z.array(z.string()).min(2) }),
  /** Tensor `prediction` float32 [N,1]; with an interval also `low` and `high`, float32 [N,1]. */
  z.strictObject({
    kind: z.literal("value"),
    interval: z
      .strictObject({
        /** Share of rows whose truth the interval is to hold. */
        level: z.number().gt(0).lt(1),
        /** Rows it was measured on. */
        rows: z.number().int().positive(),
      })
      .optional(),
  }),
  /** Tensor `probabilities` float32 [N, labels], each on its own; a label holds from its threshold on. */
  z.strictObject({
    kind: z.literal("labels"),
    labels: names,
    thresholds: z.array(z.number().min(0).max(1)).min(1),
  }),
  /**
   * Of the L pieces of a text: tensors `tags` int64 [N, L], indices in `tags` (`O`, `B-place`, …), and `scores` float32
   * [N, L], their probabilities. Pieces that are not there may have any tag.
   */
  z.strictObject({
    kind: z.literal("tags"),
    tags: names,
    /** The raw column whose text is tagged. */
    text: z.string(),
    /** The column, made by a host transform, with first and last offset of each piece, [N, 2 L]; 0, 0: no piece. */
    spans: z.string(),
  }),
  /**
   * Tensors `boxes` float32 [N, K, 4] (left, top, right, bottom as shares of the picture), `scores` float32 [N, K] (0: no
   * box), `classes` int64 [N, K], indices in `labels`. Boxes that repeat one another are left out inside the graph.
   */
  z.strictObject({ kind: z.literal("boxes"), labels: names }),
  /** Tensor `mask` uint8 [N, height, width], indices in `labels`. */
  z.strictObject({
    kind: z.literal("mask"),
    labels: names.max(255),
    height: size,
    width: size,
  }),
  /** Tensor `vector` float32 [N, width]. */
  z.strictObject({ kind: z.literal("vector"), width: size }),
]);
export type BundleOutputs = z.infer<typeof bundleOutputsSchema>;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

export const bundleFileSchema = z.strictObject({
  sha256: sha256Schema,
  bytes: z.number().int().nonnegative(),
});

export const manifestSchema = z.strictObject({
  formatVersion: z.number().int().positive(),
  name: identifier,
  version: z.number().int().positive(),
  task: modelTaskSchema,
  /** The column that is predicted. */
  target: z.string(),
  /** The column that names a row, where training had one: never an input, copied beside predictions. */
  id: z.string().optional(),
  inputs: z.array(bundleInputSchema),
  hostTransforms: z.array(hostTransformSchema),
  graphInputs: z.array(graphInputSchema),
  outputs: bundleOutputsSchema,
  /** Every other file of the bundle. */
  files: z.record(z.string(), bundleFileSchema),
  /** Where it comes from: ids of dataset version, split, run, code. */
  lineage: z.record(z.string(), z.string()),
  /** The release of Quern that wrote it. */
  creator: z.strictObject({ name: z.literal("quern"), version: z.string() }),
  /** Of all the above (`sealedContent`), so that a damaged manifest is noticed too. */
  sha256: sha256Schema,
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The text whose SHA-256 is the manifest's own. */
export function sealedContent({ sha256: _, ...content }: Manifest): string {
  return canonicalJson(content);
}

/** Kept as parsed: a column or a class may be called `__proto__`, which record schemas drop. */
const plainObject = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "expected an object",
);

/** Requests (rows) with the answers (predictions) the model gave when it was written; checked at every load. */
export const sampleSchema = z.strictObject({
  requests: z.array(plainObject).max(1000),
  responses: z.array(plainObject).max(1000),
});
export type Sample = z.infer<typeof sampleSchema>;

/** Figures by split: { test: { auc: 0.84, rows: 700 } }. null = undefined for that split. */
export const bundleMetricsSchema = z.record(z.string(), z.record(z.string(), z.number().nullable()));
export type BundleMetrics = z.infer<typeof bundleMetricsSchema>;
