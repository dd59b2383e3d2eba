/** Everything about a training that is decided before its first step. */
import { weightedMean } from "../../../foundation/base/statistics.js";
import type { Target } from "../../../foundation/contracts/target.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import type { LabelledFrame, TrainingContext } from "../../../foundation/contracts/trainer.js";
import { type Design, trainingDesign } from "../numeric/design.js";
import { type NeuralConfig, trainingLength } from "./config.js";
import type { NetworkShape } from "./network.js";
import type { NetworkOutcome } from "./network-model.js";

export interface NetworkPlan {
  readonly shape: NetworkShape;
  readonly config: NeuralConfig;
  readonly design: Design;
  readonly outcome: NetworkOutcome;
  readonly batch: number;
  readonly steps: number;
}

/** @throws QuernError TRAINING_FAILED naming `trainer`, for features that are not finite */
export function planNetwork(
  trainer: string,
  { features, target, weights }: LabelledFrame,
  config: NeuralConfig,
  context: TrainingContext,
): NetworkPlan {
  const design = trainingDesign(features, trainer);
  const { batch, steps } = trainingLength(config, design.rows);
  const shape: NetworkShape = {
    features: design.width,
    embedded: Int32Array.from(distinctNumbers(features)),
    embedding: config.embedding,
    frequencies: config.frequencies,
    frequencyScale: config.frequencyScale,
    embeddingWidth: config.embeddingWidth,
    smoothClip: config.smoothClip,
    hiddenLayers: config.hiddenLayers,
    hiddenWidth: config.hiddenWidth,
    activation: config.activation,
    dropout: config.dropout,
    members: config.members,
    memberWeights: config.memberWeights,
    outputs: target.task === "regression" ? 1 : target.classes.length,
  };
  return {
    shape,
    config,
    design,
    outcome: outcomeOf(target, weights),
    batch,
    steps: Math.min(steps, context.maxIterations ?? steps),
  };
}

/** Positions of number columns with more than two values; flags say all they can as they are. */
function distinctNumbers(features: LabelledFrame["features"]): number[] {
  const positions: number[] = [];
  let position = 0;
  for (const column of features.columns.values()) {
    if (column.kind === "number" && new Set(column.values).size > 2) positions.push(position);
    position += column.kind === "vector" ? column.width : 1;
  }
  return positions;
}

function outcomeOf(target: Target, weights: Float64Array | undefined): NetworkOutcome {
  if (target.task !== "regression") return { kind: "classes" };
  const { values } = target;
  const mean = weightedMean(values.length, weights, (row) => values[row]!);
  const variance = weightedMean(values.length, weights, (row) => (values[row]! - mean) ** 2);
  return { kind: "values", mean, scale: Math.sqrt(variance) };
}

/** What the network learns for each row: class codes, or values of mean 0 and deviation 1. */
export function truthOf(target: Target, outcome: NetworkOutcome): Tensor {
  if (target.task !== "regression") {
    return { type: "int64", shape: [target.codes.length], data: BigInt64Array.from(target.codes, BigInt) };
  }
  const { mean, scale } = outcome.kind === "values" ? outcome : { mean: 0, scale: 1 };
  const values = Float32Array.from(target.values, (value) => (scale > 0 ? (value - mean) / scale : 0));
  return { type: "float32", shape: [values.length, 1], data: values };
}
