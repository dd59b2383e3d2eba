/** Rows as vectors: what a pretrained network, or one that was trained here, knows of a text or a picture. */
import { z } from "zod";
import {
  appendModel,
  createGraph,
  cutModel,
  Expressions,
  inputPorts,
  parseSourceModel,
} from "../../../engines/onnx/index.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { readTextInside } from "../../../foundation/base/text-file.js";
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { OUTPUT_TENSORS } from "../../../foundation/contracts/model-graph.js";
import { exportScope } from "./inference.js";
import { firstPlace } from "./layers/pooling.js";
import { beforeClassifier } from "./pretrained/feature-output.js";
import type { Scope } from "./scope.js";
import type { EncoderArchitecture } from "./text/pretrained/encoder-architecture.js";
import { type EncoderOptions, encodedTexts, encoderStates } from "./text/pretrained/encoder-network.js";
import type { PretrainedEncoder } from "./text/pretrained/read-encoder.js";
import { pictureFeatures } from "./vision/pretrained/encoder-scores.js";
import type { PretrainedBackbone } from "./vision/pretrained/read-backbone.js";

/** How states of pieces become one vector. */
export type TextPooling = "mean" | "first";

/** Length 1 (Euclidean), so that a product of two vectors is their cosine; a vector of zeros stays one. */
export function unitVectors(graph: GraphBuilder, vectors: GraphValue): GraphValue {
  const x = new Expressions(graph);
  const norm = x.apply("Sqrt", x.sum(x.square(vectors), [1], true));
  return x.div(vectors, x.max(norm, LEAST_NORM));
}
const LEAST_NORM = 1e-12;

/** Of tokens int32 [N, L]: float32 [N, width]. */
export function textVectors(
  graph: GraphBuilder,
  tokens: GraphValue,
  { architecture, tensors }: PretrainedEncoder,
  pooling: TextPooling,
): GraphValue {
  return pooledTexts(exportScope(graph, tensors), tokens, architecture, pooling);
}

/** The same in a network whose weights may learn. */
export function pooledTexts(
  scope: Scope,
  tokens: GraphValue,
  architecture: EncoderArchitecture,
  pooling: TextPooling,
  options: EncoderOptions = {},
): GraphValue {
  if (pooling === "mean") return encodedTexts(scope, tokens, architecture, options);
  const states = encoderStates(scope, tokens, architecture, options);
  return states.shape.length === 2 ? states : firstPlace(scope, states);
}

/** Of pictures uint8 [N, H, W, C]: float32 [N, width]. */
export function pictureVectors(
  graph: GraphBuilder,
  pictures: GraphValue,
  { architecture, tensors }: PretrainedBackbone,
): GraphValue {
  return pictureFeatures(exportScope(graph, tensors), architecture, pictures);
}

const poolingSchema = z.object({
  pooling_mode_cls_token: z.boolean().optional(),
  pooling_mode_mean_tokens: z.boolean().optional(),
});
const lengthSchema = z.object({ max_seq_length: z.number().int().positive().optional() });
const MAX_CONFIG_BYTES = 2 ** 16;

/** What the files of sentence-transformers in the folder say; where there are none: the mean. */
export function readPooling(folder: string): { readonly pooling: TextPooling; readonly length?: number } {
  const pooling = optional(folder, "1_Pooling/config.json", poolingSchema);
  const length = optional(folder, "sentence_bert_config.json", lengthSchema)?.max_seq_length;
  return {
    pooling: pooling?.pooling_mode_cls_token && !pooling.pooling_mode_mean_tokens ? "first" : "mean",
    ...(length === undefined ? {} : { length }),
  };
}

function optional<T>(folder: string, name: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(readTextInside(folder, name, MAX_CONFIG_BYTES)));
  } catch (cause) {
    if (QuernError.is(cause) && cause.code === "DATA_NOT_FOUND") return undefined;
    throw new QuernError("MODEL_REFUSED", `${name} in ${folder} cannot be read.`, {
      cause,
      details: { folder },
    });
  }
}

/**
 * A graph with the inputs of a trained one, and what its last linear layer looks at as `vector`, of length 1.
 * @param output the value of the graph that has the scores
 * @returns the graph's bytes, and how wide its vectors are
 * @throws QuernError UNSUPPORTED where no single linear layer makes the scores: ensembles, trees
 */
export function beforeLastLayer(
  bytes: Uint8Array,
  output: string,
  place: string,
): { readonly model: Uint8Array; readonly width: number } {
  const source = cutModel(parseSourceModel(bytes), [output]);
  const graph = createGraph({ name: "embedding" });
  const inputs = inputPorts(source).map((port) => [port.name, graph.input(port.name, port.type, port.shape)]);
  const outputs = appendModel(graph, source, Object.fromEntries(inputs));
  const features = beforeClassifier(graph, outputs[output]!);
  const width = features.shape[1];
  if (features === outputs[output] || features.shape.length !== 2 || typeof width !== "number") {
    throw new QuernError("UNSUPPORTED", `${place} has no last layer that would give vectors.`, {
      hint: "Embeddings come from one network alone: train with `models: [{ trainer: image-network }]` or another network, `ensemble: { kind: none }` and `calibration: none`; networks that read texts also with `wide: false`.",
    });
  }
  graph.output(OUTPUT_TENSORS.vector, unitVectors(graph, features));
  return { model: graph.toBytes(), width };
}
