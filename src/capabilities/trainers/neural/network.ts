/** The network for tables: embedded numbers beside all other features, dense layers, one output for each class. */

import type { ParameterSpecification } from "../../../engines/autodiff/index.js";
import type { Expressions } from "../../../engines/onnx/index.js";
import type { Random } from "../../../foundation/base/random.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import {
  type Activation,
  activate,
  type DenseParameters,
  dense,
  embedNumbers,
  forMembers,
  smoothClip,
} from "./layers.js";

/** What the layers are; a plain value. */
export interface NetworkShape {
  /** Positions of the feature matrix. */
  readonly features: number;
  /** Those that are embedded, ascending. */
  readonly embedded: Int32Array;
  readonly embedding: "none" | "plr" | "pbld";
  readonly frequencies: number;
  readonly embeddingWidth: number;
  readonly smoothClip: boolean;
  readonly hiddenLayers: number;
  readonly hiddenWidth: number;
  readonly activation: Activation;
  readonly members: number;
  readonly memberWeights: "own" | "shared";
  /** Classes, or 1. */
  readonly outputs: number;
}

/** Whether each member has weights, and sees rows, of its own. */
export function isSeparate({ members, memberWeights }: NetworkShape): boolean {
  return members > 1 && memberWeights === "own";
}

/** Width of each layer's input, and of the output at last. */
function layerWidths(shape: NetworkShape): number[] {
  const { features, embedded, embedding, embeddingWidth, hiddenLayers, hiddenWidth, outputs } = shape;
  const numbers = embedding === "none" ? 0 : embedded.length;
  const first = features - numbers + numbers * embeddingWidth;
  return [first, ...new Array<number>(hiddenLayers).fill(hiddenWidth), outputs];
}

/** Number of parameters of one network. */
export function networkSize(shape: NetworkShape): number {
  const widths = layerWidths(shape);
  return widths.slice(1).reduce((sum, width, k) => sum + width * (widths[k]! + 1), 0);
}

const frequencyScaleOf = (random: Random, scale: number) => () => scale * random.normal();
const uniformWithin = (random: Random, bound: number) => () => bound * (2 * random.uniform() - 1);

/** Parameters at the beginning: uniform within 1 / sqrt(inputs), as linear layers of PyTorch. */
export function createParameters(
  shape: NetworkShape,
  frequencyScale: number,
  random: Random,
): ParameterSpecification[] {
  const { members } = shape;
  const lead = isSeparate(shape) ? [members] : [];
  const list: ParameterSpecification[] = [];
  const add = (name: string, sizes: readonly number[], draw: () => number, decayFactor: number) =>
    list.push({
      name,
      shape: sizes,
      values: Float32Array.from({ length: elementCount(sizes) }, draw),
      decayFactor,
    });
  addEmbedding(shape, frequencyScale, random, lead, add);
  const widths = layerWidths(shape);
  for (const [k, inputs] of widths.slice(0, -1).entries()) {
    const outputs = widths[k + 1]!;
    const draw = uniformWithin(random, 1 / Math.sqrt(inputs));
    add(`weight${k}`, [...lead, inputs, outputs], draw, 1);
    if (members === 1) add(`bias${k}`, [outputs], draw, 0);
    else add(`bias${k}`, [members, 1, outputs], draw, 0);
    if (members === 1 || lead.length > 0) continue;
    // Random signs at the first layer make the members differ; further scales begin at 1 (TabM).
    add(`input-scale${k}`, [members, 1, inputs], () => (k === 0 && random.uniform() < 0.5 ? -1 : 1), 0);
    add(`output-scale${k}`, [members, 1, outputs], () => 1, 0);
  }
  return list;
}

function addEmbedding(
  shape: NetworkShape,
  frequencyScale: number,
  random: Random,
  lead: readonly number[],
  add: (name: string, sizes: readonly number[], draw: () => number, decayFactor: number) => void,
): void {
  const { embedding, embedded, frequencies, embeddingWidth } = shape;
  const count = embedded.length;
  if (embedding === "none" || count === 0) return;
  const waves = embedding === "plr" ? 2 * frequencies : frequencies;
  const width = embedding === "plr" ? embeddingWidth : embeddingWidth - 1;
  const draw = uniformWithin(random, 1 / Math.sqrt(waves));
  add("frequencies", [...lead, count, 1, frequencies], frequencyScaleOf(random, frequencyScale), 0);
  if (embedding === "pbld") {
    add("phases", [...lead, count, 1, frequencies], uniformWithin(random, Math.PI), 0);
  }
  add("embedding-weight", [...lead, count, waves, width], draw, 1);
  add("embedding-bias", [...lead, count, 1, width], draw, 0);
}

export type Tensors = (name: string) => GraphValue;

/**
 * Scores before the link: [N, outputs], or [M, N, outputs] with members.
 * @param matrix float32 [N, features]; [M, N, features] where each member sees rows of its own
 * @param mask applied to each hidden layer while training
 */
export function networkScores(
  x: Expressions,
  shape: NetworkShape,
  matrix: GraphValue,
  parameter: Tensors,
  mask: (value: GraphValue) => GraphValue = (value) => value,
): GraphValue {
  let value = embedFeatures(x, shape, matrix, parameter);
  for (let k = 0; k <= shape.hiddenLayers; k++) {
    value = dense(x, value, denseParameters(shape, k, parameter));
    if (k < shape.hiddenLayers) value = mask(activate(x, value, shape.activation));
  }
  return value;
}

function denseParameters(shape: NetworkShape, k: number, parameter: Tensors): DenseParameters {
  const own = { weight: parameter(`weight${k}`), bias: parameter(`bias${k}`) };
  if (shape.members === 1 || isSeparate(shape)) return own;
  return { ...own, scales: { input: parameter(`input-scale${k}`), output: parameter(`output-scale${k}`) } };
}

function embedFeatures(
  x: Expressions,
  shape: NetworkShape,
  matrix: GraphValue,
  parameter: Tensors,
): GraphValue {
  const { embedding, embedded, features } = shape;
  const clipped = shape.smoothClip ? smoothClip(x, matrix) : matrix;
  if (embedding === "none" || embedded.length === 0) return clipped;
  const axis = matrix.shape.length - 1;
  const numbers =
    embedded.length === features ? clipped : x.gather(clipped, x.integers(Array.from(embedded)), axis);
  const values = embedNumbers(x, numbers, {
    frequencies: parameter("frequencies"),
    ...(embedding === "pbld" ? { phases: parameter("phases") } : {}),
    weight: parameter("embedding-weight"),
    bias: parameter("embedding-bias"),
  });
  if (embedded.length === features) return values;
  const isEmbedded = new Set(embedded);
  const rest = Array.from({ length: features }, (_, position) => position).filter((k) => !isEmbedded.has(k));
  const others = x.gather(clipped, x.integers(rest), axis);
  return x.concat([forMembers(x, others, values), values], -1);
}
