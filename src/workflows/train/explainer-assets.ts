import {
  emitPipeline,
  type FittedPipeline,
  featureLineage,
  graphInputs,
  type TransformMap,
} from "../../capabilities/features/index.js";
import { createGraph } from "../../engines/onnx/index.js";
import { pack } from "../../foundation/base/packing.js";
import { createRandom } from "../../foundation/base/random.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import {
  createExplainerAsset,
  EXPLAINER_FILES,
  type ExplainedFeature,
  FEATURES_TENSOR,
  type Surrogate,
} from "../../foundation/contracts/explainer-asset.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";
import { concatFeatures, ELEMENT_CODES } from "../../foundation/contracts/graph.js";
import type { FlatTrees, ModelAnatomy } from "../../foundation/contracts/model-anatomy.js";
import { declareInputs, planGraphInputs } from "../../foundation/contracts/model-graph.js";

export interface ExplainerParts {
  readonly name: string;
  /** Of the one model inside; absent for combinations, whose parts do not add up in one space. */
  readonly anatomy: ModelAnatomy | undefined;
  readonly pipeline: FittedPipeline;
  readonly transforms: TransformMap;
  /** Raw rows to keep. */
  readonly background: Frame | undefined;
  /** Trees that imitate a model without an anatomy. */
  readonly surrogate?: Surrogate | undefined;
}

/** A bundle does not grow by more than this for exact explanations; larger models are explained by asking them. */
const MOST_ANATOMY_BYTES = 8 * 2 ** 20;

/** The files that let a bundle explain its predictions (contracts/explainer-asset), by name. */
export function explainerAssets(parts: ExplainerParts): Map<string, Uint8Array> {
  const { background, pipeline, transforms, name, surrogate } = parts;
  const files = new Map<string, Uint8Array>();
  const exact = exactPart(parts);
  if (!exact && !background) return files;
  const asset = createExplainerAsset({ ...(exact ? { exact } : {}), background, surrogate });
  files.set(EXPLAINER_FILES.asset, pack(asset));
  if (exact) files.set(EXPLAINER_FILES.features, featureGraph(name, pipeline, transforms));
  return files;
}

/** What explains the model by its own structure; undefined where that is not kept. */
export function exactPart({
  anatomy,
  pipeline,
}: Pick<ExplainerParts, "anatomy" | "pipeline">):
  | { anatomy: ModelAnatomy; features: ExplainedFeature[] }
  | undefined {
  if (!anatomy || bytesOf(anatomy) > MOST_ANATOMY_BYTES) return undefined;
  const features = Array.from(featureLineage(pipeline), ([feature, columns]) => ({
    name: feature,
    columns: [...columns],
  }));
  const width = anatomy.kind === "trees" ? anatomy.trees.features : anatomy.width;
  const known = features.length === width && features.every(({ columns }) => columns.length > 0);
  return known ? { anatomy: essential(anatomy), features } : undefined;
}

function bytesOf(anatomy: ModelAnatomy): number {
  const arrays = Object.values(anatomy.kind === "trees" ? anatomy.trees : anatomy);
  return arrays.reduce<number>((sum, item) => sum + (ArrayBuffer.isView(item) ? item.byteLength : 0), 0);
}

function essential(anatomy: ModelAnatomy): ModelAnatomy {
  if (anatomy.kind === "linear") return anatomy;
  return { ...anatomy, trees: essentialTrees(anatomy.trees) };
}

/** Without what only training and reports need. */
export function essentialTrees(trees: FlatTrees): FlatTrees {
  const { features, outputs, aggregate, roots, treeOutputs, nodeFeature, nodeThreshold, nodeFlags } = trees;
  const { nodeLeft, nodeRight, nodeSet, sets, categories, leafValues, leafRows, base } = trees;
  return {
    ...{ features, outputs, aggregate, roots, nodeFeature, nodeThreshold, nodeFlags, nodeLeft, nodeRight },
    ...{ nodeSet, sets, categories, leafValues, leafRows, base },
    ...(treeOutputs ? { treeOutputs } : {}),
  };
}

/** The part of the model's graph that makes its features. */
function featureGraph(name: string, pipeline: FittedPipeline, transforms: TransformMap): Uint8Array {
  const graph = createGraph({ name: `${name} features`, producerVersion: QUERN_VERSION });
  const inputs = declareInputs(graph, planGraphInputs(graphInputs(pipeline)));
  const matrix = concatFeatures(graph, emitPipeline(graph, inputs, pipeline, transforms));
  // An output may not be an input itself, as it would be for a single number that is a feature as it stands.
  const cast = graph.op("Cast", [matrix], { attributes: { to: { int: ELEMENT_CODES.float32 } } });
  graph.output(FEATURES_TENSOR, cast);
  return graph.toBytes();
}

/** A seeded choice among the training rows, in their order; undefined for none. Images would swell every bundle. */
export function backgroundRows(frame: Frame, train: Int32Array, count: number): Frame | undefined {
  const hasImages = [...frame.columns.values()].some((column) => column.kind === "image");
  if (count === 0 || train.length === 0 || hasImages) return undefined;
  const chosen = createRandom("background").permutation(train.length).subarray(0, count).sort();
  return takeRows(
    frame,
    chosen.map((at) => train[at]!),
  );
}
