/** The network for tables: embedded numbers beside all other features, dense layers, one output for each class. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { designInGraph } from "../numeric/design.js";
import { mixedRows } from "./augmentation/mixup.js";
import { type Activation, activate, smoothClip } from "./layers/activations.js";
import { batchEnsembleDense, dense, memberDense } from "./layers/dense.js";
import { embedNumbers, forMembers } from "./layers/number-embeddings.js";
import type { NetworkKind } from "./network-kind.js";
import type { Scope, Values } from "./scope.js";
import { predictedTable, TABLE } from "./table-input.js";

/** What the layers are; a plain value. */
export interface NetworkShape {
  /** Positions of the feature matrix. */
  readonly features: number;
  /** Those that are embedded, ascending. */
  readonly embedded: Int32Array;
  readonly embedding: "none" | "plr" | "pbld";
  readonly frequencies: number;
  readonly frequencyScale: number;
  readonly embeddingWidth: number;
  readonly smoothClip: boolean;
  readonly hiddenLayers: number;
  readonly hiddenWidth: number;
  readonly activation: Extract<Activation, "relu" | "selu" | "silu" | "gelu">;
  readonly dropout: number;
  readonly members: number;
  readonly memberWeights: "own" | "shared";
  /** Classes, or 1. */
  readonly outputs: number;
}

/** Whether each member has weights, and sees rows, of its own. */
export function isSeparate({
  members,
  memberWeights,
}: Pick<NetworkShape, "members" | "memberWeights">): boolean {
  return members > 1 && memberWeights === "own";
}

/**
 * Scores before the link: [N, outputs], or [M, N, outputs] with members.
 * @param values the table, float32 [N, features]; [M, N, features] where each member sees rows of its own
 */
function networkScores(scope: Scope, shape: NetworkShape, values: Values): GraphValue {
  const features = embedFeatures(scope, shape, values[TABLE]!);
  let value = mixedRows(scope, features, values, features.shape.length - 2);
  for (let k = 0; k < shape.hiddenLayers; k++) {
    const sums = hiddenLayer(scope.at(`hidden.${k}`), shape, value, k === 0);
    value = scope.dropout(activate(scope.x, sums, ACTIVATIONS[shape.activation]), shape.dropout);
  }
  // Each member judges for itself, also where all see the same hidden layers (TabM).
  if (shape.members === 1) return dense(scope.at("output"), value, shape.outputs);
  return memberDense(scope.at("output"), value, shape.outputs, shape.members);
}

/** Embedded numbers and dense layers over the feature matrix. */
export const PERCEPTRON: NetworkKind<NetworkShape> = {
  scores: (scope, shape, values) => networkScores(scope, shape, values),
  inputs: predictedTable,
  graphInputs: (graph, columns) => ({ [TABLE]: designInGraph(graph, columns) }),
};

/** Fewer ops than the exact one. */
const ACTIVATIONS: Readonly<Record<NetworkShape["activation"], Activation>> = {
  relu: "relu",
  selu: "selu",
  silu: "silu",
  gelu: "gelu-tanh",
};

function hiddenLayer(scope: Scope, shape: NetworkShape, value: GraphValue, isFirst: boolean): GraphValue {
  const { members, hiddenWidth } = shape;
  if (members === 1) return dense(scope, value, hiddenWidth);
  if (isSeparate(shape)) return memberDense(scope, value, hiddenWidth, members);
  return batchEnsembleDense(scope, value, hiddenWidth, { members, isFirst });
}

function embedFeatures(scope: Scope, shape: NetworkShape, matrix: GraphValue): GraphValue {
  const { x } = scope;
  const { embedding, embedded, features, frequencies, frequencyScale, embeddingWidth } = shape;
  const clipped = shape.smoothClip ? smoothClip(x, matrix) : matrix;
  if (embedding === "none" || embedded.length === 0) return clipped;
  const axis = matrix.shape.length - 1;
  const numbers =
    embedded.length === features ? clipped : x.gather(clipped, x.integers(Array.from(embedded)), axis);
  const values = embedNumbers(scope.at("numbers"), numbers, embedding, {
    frequencies,
    frequencyScale,
    width: embeddingWidth,
    ...(isSeparate(shape) ? { members: shape.members } : {}),
  });
  if (embedded.length === features) return values;
  const isEmbedded = new Set(embedded);
  const rest = Array.from({ length: features }, (_, position) => position).filter((k) => !isEmbedded.has(k));
  const others = x.gather(clipped, x.integers(rest), axis);
  return x.concat([forMembers(x, others, values), values], -1);
}

/** Multiplications of one row in one member's dense layers, biases counted. */
export function denseProducts({
  features,
  embedded,
  embedding,
  embeddingWidth,
  hiddenLayers,
  hiddenWidth,
  outputs,
}: Omit<NetworkShape, "embedded"> & { readonly embedded: number }): number {
  const numbers = embedding === "none" ? 0 : embedded;
  const first = features - numbers + numbers * embeddingWidth;
  const widths = [first, ...new Array<number>(hiddenLayers).fill(hiddenWidth), outputs];
  return widths.slice(1).reduce((sum, width, k) => sum + width * (widths[k]! + 1), 0);
}
