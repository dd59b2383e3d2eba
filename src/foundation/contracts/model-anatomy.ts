/** What a model is made of, where that lets its predictions be explained exactly: trees or one linear form. */
import { z } from "zod";

/**
 * The unit of scores and contributions. `log-odds`: of the second of two classes, or, of more, the class scores before
 * softmax; `log-value`: logarithm of the predicted value; `share`: averaged share of training rows of a class in the
 * leaves; `probability` and `value`: what the model answers.
 */
export const SCORE_SPACES = ["value", "log-value", "log-odds", "share", "probability"] as const;
export type ScoreSpace = (typeof SCORE_SPACES)[number];
const space = z.enum(SCORE_SPACES);

const integers = z.custom<Int32Array>((value) => value instanceof Int32Array, "expected integers");
const floats = z.custom<Float32Array>((value) => value instanceof Float32Array, "expected float32 numbers");
const doubles = z.custom<Float64Array>((value) => value instanceof Float64Array, "expected float64 numbers");
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, "expected bytes");
const words = z.custom<Uint32Array>((value) => value instanceof Uint32Array, "expected words");
const size = z.number().int().nonnegative();

/** Decision trees in flat arrays, as trainers/tree-ensemble holds them; a child or root below 0 is ~leaf. */
export const flatTreesSchema = z.strictObject({
  features: size,
  outputs: z.number().int().positive(),
  aggregate: z.enum(["sum", "average"]),
  roots: integers,
  treeOutputs: integers.optional(),
  nodeFeature: integers,
  nodeThreshold: floats,
  nodeFlags: bytes,
  nodeLeft: integers,
  nodeRight: integers,
  nodeSet: integers,
  sets: words,
  categories: integers,
  leafValues: floats,
  leafRows: integers,
  base: doubles,
});

export const modelAnatomySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("trees"), space, trees: flatTreesSchema }),
  z.strictObject({
    kind: z.literal("linear"),
    space,
    /** Features and outputs of the form: scores = (x - center) W' + offsets. */
    width: size,
    outputs: z.number().int().positive(),
    center: floats,
    /** Row-major [outputs][width]. */
    coefficients: doubles,
    offsets: doubles,
  }),
]);
/** Of a fitted model, on its feature matrix. The scores are those before the link function and calibration. */
export type ModelAnatomy = z.infer<typeof modelAnatomySchema>;
export type FlatTrees = Extract<ModelAnatomy, { kind: "trees" }>["trees"];

/** Why an anatomy from outside cannot be walked safely; undefined when it can. */
export function anatomyFault(anatomy: ModelAnatomy): string | undefined {
  if (anatomy.kind === "trees") return treeFault(anatomy.trees);
  const { width, outputs, center, coefficients, offsets } = anatomy;
  const fits =
    center.length === width && coefficients.length === width * outputs && offsets.length === outputs;
  return fits ? undefined : "its linear form has arrays of the wrong length";
}

/** Why trees from outside cannot be walked safely; undefined when they can. */
export function treeFault(trees: FlatTrees): string | undefined {
  const { nodeFeature, leafRows, outputs, treeOutputs, roots } = trees;
  const nodes = nodeFeature.length;
  const { nodeThreshold, nodeFlags, nodeLeft, nodeRight, nodeSet } = trees;
  const parallel = [nodeThreshold, nodeFlags, nodeLeft, nodeRight, nodeSet];
  const lengthsFit =
    parallel.every((array) => array.length === nodes) &&
    trees.leafValues.length === leafRows.length * (treeOutputs ? 1 : outputs) &&
    trees.categories.length === trees.features &&
    trees.base.length === outputs &&
    (treeOutputs?.length ?? roots.length) === roots.length;
  if (!lengthsFit) return "its trees have arrays of the wrong length";
  if (treeOutputs?.some((output) => output < 0 || output >= outputs)) return "a tree adds to no output";
  if (leafRows.some((rows) => rows < 0)) return "a leaf has a negative number of rows";
  for (let node = 0; node < nodes; node++) {
    const feature = nodeFeature[node]!;
    if (feature < 0 || feature >= trees.features) return "a node splits on a feature that does not exist";
    const words = (trees.categories[feature]! + 31) >>> 5;
    const first = nodeSet[node]!;
    const hasSet = (nodeFlags[node]! & 2) !== 0;
    if (nodeFlags[node]! > 3 || (hasSet && (first < 0 || first + words > trees.sets.length)))
      return "a node's set of categories lies outside the sets";
  }
  return walkFault(trees);
}

/** Every node and leaf is reached at most once, so that walks end. */
function walkFault({ roots, nodeLeft, nodeRight, leafRows }: FlatTrees): string | undefined {
  const nodeSeen = new Uint8Array(nodeLeft.length);
  const leafSeen = new Uint8Array(leafRows.length);
  const stack = Array.from(roots);
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const [seen, index] = at >= 0 ? [nodeSeen, at] : [leafSeen, ~at];
    if (index >= seen.length) return "a tree leads to a node that does not exist";
    if (seen[index] === 1) return "a tree reaches a node in two ways";
    seen[index] = 1;
    if (at >= 0) stack.push(nodeLeft[at]!, nodeRight[at]!);
  }
  return undefined;
}
