/** Everything about a training that is decided before its first step. */
import type { TrainingContext } from "../../../foundation/contracts/trainer.js";
import { type Design, trainingDesign } from "../numeric/design.js";
import { type NeuralConfig, trainingLength } from "./config.js";
import type { NetworkShape } from "./network.js";
import { type NetworkOutcome, type NetworkRows, outcomeOf, outputsFor } from "./outcome.js";

export interface NetworkPlan {
  readonly shape: NetworkShape;
  readonly config: NeuralConfig;
  readonly design: Design;
  readonly outcome: NetworkOutcome;
  readonly batch: number;
  /** Of a whole training, which the schedule of the learning rate belongs to. */
  readonly steps: number;
  /** Steps that are taken. */
  readonly stopAfter: number;
}

/** @throws QuernError TRAINING_FAILED naming `trainer`, for features that are not finite */
export function planNetwork(
  trainer: string,
  { features, target, weights }: NetworkRows,
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
    outputs: outputsFor(target),
  };
  const taken = Math.min(steps, context.maxIterations ?? steps);
  return {
    shape,
    config,
    design,
    outcome: outcomeOf(target, weights),
    batch,
    steps: taken,
    stopAfter: Math.max(1, Math.round(config.stopShare * taken)),
  };
}

/** Positions of number columns with more than two values; flags say all they can as they are. */
function distinctNumbers(features: NetworkRows["features"]): number[] {
  const positions: number[] = [];
  let position = 0;
  for (const column of features.columns.values()) {
    if (column.kind === "number" && new Set(column.values).size > 2) positions.push(position);
    position += column.kind === "vector" ? column.width : 1;
  }
  return positions;
}
