/**
 * What a bundle keeps so that its predictions can be explained without the store: `assets/explainer.qpk`, and for trees
 * and linear models `assets/features.onnx`, the part of the graph that makes features of raw columns. Both are
 * optional: a bundle without them predicts as before.
 */
import { z } from "zod";
import { QuernError } from "../base/errors.js";
import { unpack } from "../base/packing.js";
import { invalidBundle } from "./bundle-check.js";
import type { Column, Frame } from "./frame.js";
import { createFrame } from "./frame.js";
import { anatomyFault, flatTreesSchema, modelAnatomySchema, treeFault } from "./model-anatomy.js";

export const EXPLAINER_FILES = { asset: "assets/explainer.qpk", features: "assets/features.onnx" } as const;
/** Output of the feature graph: float32 [N, features]. */
export const FEATURES_TENSOR = "features";
/** Raised when an older reader could misread a newer asset. */
const ASSET_VERSION = 1;
const MOST_BACKGROUND_ROWS = 1000;

const texts = z.array(z.string());
const columnSchema: z.ZodType<Column> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("number"),
    values: z.union([z.instanceof(Float64Array), z.instanceof(Float32Array)]),
  }),
  z.strictObject({ kind: z.literal("boolean"), values: z.instanceof(Float32Array) }),
  z.strictObject({ kind: z.literal("category"), codes: z.instanceof(Int32Array), dictionary: texts }),
  z.strictObject({ kind: z.literal("text"), values: texts }),
  z.strictObject({ kind: z.literal("id"), values: texts }),
  z.strictObject({ kind: z.literal("datetime"), values: z.instanceof(Float64Array) }),
  z.strictObject({
    kind: z.literal("vector"),
    values: z.instanceof(Float32Array),
    width: z.number().int().positive(),
  }),
]);

const featureSchema = z.strictObject({
  name: z.string(),
  /** Raw columns it is made of; its contribution is dealt out to them in equal parts. */
  columns: z.array(z.string()).min(1),
});
export type ExplainedFeature = z.infer<typeof featureSchema>;

const surrogateColumnSchema = z.strictObject({
  name: z.string(),
  /** A category is the place of its text in this list; null: the column is a number, a truth value or a time. */
  categories: texts.nullable(),
});
export type SurrogateColumn = z.infer<typeof surrogateColumnSchema>;

/** Trees on raw columns that imitate the model, so that explaining does not mean asking it thousands of times. */
const surrogateSchema = z.strictObject({
  columns: z.array(surrogateColumnSchema).min(1),
  /** One ensemble with one output for each class or the value; of two classes for the second alone. */
  trees: z.array(flatTreesSchema).min(1),
  /** Share of the variance of the model's answers that they explain, on masked rows they have not seen, 0..1. */
  fidelity: z.number().min(0).max(1),
});
export type Surrogate = z.infer<typeof surrogateSchema>;

export const explainerAssetSchema = z.strictObject({
  formatVersion: z.number().int().positive(),
  /** Absent where the model is neither trees nor linear; then only models as a whole can be asked. */
  exact: z.strictObject({ anatomy: modelAnatomySchema, features: z.array(featureSchema) }).optional(),
  /**
   * Rows of the training data, as they are, that stand for it when a column is left out. They make a bundle as private
   * as its training data; `explanation.backgroundRows: 0` keeps them out.
   */
  background: z.array(z.strictObject({ name: z.string(), column: columnSchema })).optional(),
  /** Only beside a background: absent where the model's own structure tells, or a column is no number. */
  surrogate: surrogateSchema.optional(),
});
export type ExplainerAsset = z.infer<typeof explainerAssetSchema>;

export function createExplainerAsset(parts: {
  readonly exact?: ExplainerAsset["exact"];
  readonly background?: Frame | undefined;
  readonly surrogate?: Surrogate | undefined;
}): ExplainerAsset {
  const { exact, background, surrogate } = parts;
  return {
    formatVersion: ASSET_VERSION,
    ...(exact ? { exact } : {}),
    ...(background
      ? { background: Array.from(background.columns, ([name, column]) => ({ name, column: plain(column) })) }
      : {}),
    ...(surrogate ? { surrogate } : {}),
  };
}

/** Without what only feature frames carry. */
function plain(column: Column): Column {
  if (column.kind === "number") return { kind: "number", values: column.values };
  if (column.kind === "vector") return { kind: "vector", values: column.values, width: column.width };
  return column;
}

/** Checks bytes from outside: nothing an asset says can lead a reader out of its arrays. @throws QuernError BUNDLE_INVALID */
export function parseExplainerAsset(bytes: Uint8Array): ExplainerAsset {
  const name = EXPLAINER_FILES.asset;
  let value: unknown;
  try {
    value = unpack(bytes);
  } catch (cause) {
    throw invalidBundle(`${name} is damaged`, cause);
  }
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === "number" && version > ASSET_VERSION) {
    throw invalidBundle(`${name} has format version ${version}, this Quern reads up to ${ASSET_VERSION}`);
  }
  const parsed = explainerAssetSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalidBundle(`${name}, ${issue?.path.join(".")}: ${issue?.message}`, parsed.error);
  }
  const { exact, surrogate } = parsed.data;
  const fault = (exact && exactFault(exact)) ?? (surrogate && surrogateFault(surrogate));
  if (fault !== undefined) throw invalidBundle(`${name}: ${fault}`);
  backgroundFrame(parsed.data);
  return parsed.data;
}

function exactFault({ anatomy, features }: NonNullable<ExplainerAsset["exact"]>): string | undefined {
  const width = anatomy.kind === "trees" ? anatomy.trees.features : anatomy.width;
  return features.length === width
    ? anatomyFault(anatomy)
    : `it names ${features.length} of ${width} features`;
}

function surrogateFault({ columns, trees }: Surrogate): string | undefined {
  const fits = trees.every(({ features, outputs }) => features === columns.length && outputs === 1);
  if (!fits) return "its surrogate's trees do not fit its columns";
  return trees.map(treeFault).find((fault) => fault !== undefined);
}

/** The background rows; undefined where the bundle keeps none. @throws QuernError BUNDLE_INVALID */
export function backgroundFrame({ background }: ExplainerAsset): Frame | undefined {
  if (!background) return undefined;
  for (const { name, column } of background) {
    const known = column.kind === "category" ? column.dictionary.length : 0;
    if (column.kind === "category" && column.codes.some((code) => code < -1 || code >= known))
      throw invalidBundle(`the background column ${JSON.stringify(name)} has codes that mean nothing`);
  }
  try {
    const frame = createFrame(background.map(({ name, column }) => [name, column]));
    if (frame.rows > 0 && frame.rows <= MOST_BACKGROUND_ROWS) return frame;
  } catch (cause) {
    if (QuernError.is(cause)) throw cause;
    throw invalidBundle("its background columns have different lengths", cause);
  }
  throw invalidBundle(`its background has no rows, or more than ${MOST_BACKGROUND_ROWS}`);
}
