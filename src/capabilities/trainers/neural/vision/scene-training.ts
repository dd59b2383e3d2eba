/** How networks that learn what is where in a picture are trained; what differs is their truth and their loss. */
import { adamW, risingCosine } from "../../../../engines/autodiff/index.js";
import { QuernError } from "../../../../foundation/base/errors.js";
import type { Frame, ImageColumn } from "../../../../foundation/contracts/frame.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { elementCount } from "../../../../foundation/contracts/tensor.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import type { NetworkFunction } from "../scope.js";
import {
  type NetworkTraining,
  type TrainedNetwork,
  trainNetwork,
  type Validation,
} from "../train-network.js";
import { plainScenes, portsOf, type Scenes, sceneBatches } from "./scene-batches.js";
import type { SceneChanges } from "./scene-fields.js";

export interface SceneTrainingConfig extends SceneChanges {
  readonly epochs: number;
  readonly minimumSteps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly checkpoint: "best" | "last";
}

export interface SceneTraining extends Pick<NetworkTraining, "given" | "treatment"> {
  readonly train: Scenes;
  readonly validation?: Scenes | undefined;
  /** Mean over a batch, a scalar; called with the pictures and the truth. */
  readonly loss: NetworkFunction<GraphValue>;
}

const MOST_LOOKS = 20;
/** Batches that are made ahead lie in memory together. */
const BATCHES_BYTES = 32 * 2 ** 20;
const MOST_STEPS_AT_ONCE = 32;
/** Pictures that validation computes at once. */
const JUDGED_AT_ONCE = 16;
/** Gradients of a batch with an odd picture stay moderate. */
const CLIP_NORM = 10;

/** Steps of a training on so many pictures, and pictures of each. */
export function sceneTrainingLength(
  { epochs, batchSize, minimumSteps }: Pick<SceneTrainingConfig, "epochs" | "batchSize" | "minimumSteps">,
  rows: number,
): { readonly batch: number; readonly steps: number } {
  const batch = Math.min(rows, batchSize);
  return { batch, steps: Math.max(minimumSteps, Math.round((epochs * rows) / batch)) };
}

/** @throws QuernError TRAINING_FAILED where the loss diverges */
export function trainOnScenes(
  { train, validation, loss, ...pretrained }: SceneTraining,
  config: SceneTrainingConfig,
  context: TrainingContext,
): Promise<TrainedNetwork> {
  const { batch, steps } = sceneTrainingLength(config, train.rows);
  const stepBytes = Object.values(portsOf(train, batch)).reduce((sum, { type, shape }) => {
    return sum + elementCount(shape) * (type === "float32" ? 4 : 1);
  }, 0);
  return trainNetwork(
    {
      batches: sceneBatches(train, batch, config, context.random.fork("batches")),
      loss,
      ...pretrained,
      ...(validation ? { validation: sceneValidation(validation, loss, context) } : {}),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: risingCosine,
      clipNorm: CLIP_NORM,
      steps: Math.min(steps, context.maxIterations ?? steps),
      keep: config.checkpoint,
      stepsAtOnce: Math.min(MOST_STEPS_AT_ONCE, Math.max(1, Math.floor(BATCHES_BYTES / stepBytes))),
      // A look costs as much as a third of the steps over as many pictures.
      looks: Math.min(MOST_LOOKS, Math.max(1, Math.ceil((steps * batch) / train.rows))),
    },
    context,
  );
}

/** Judges by the loss itself, of pictures as they are. */
function sceneValidation(
  scenes: Scenes,
  loss: NetworkFunction<GraphValue>,
  { random }: TrainingContext,
): Validation {
  const inputs = Object.entries(portsOf(scenes, 1)).map(([name, { type, shape }]) => {
    return [name, { type, shape: ["N", ...shape.slice(1)] }] as const;
  });
  const unused = random.fork("validation");
  return {
    inputs: Object.fromEntries(inputs),
    outputs: (scope, values) => ({ loss: loss(scope, values) }),
    async judge(run) {
      let sum = 0;
      for (let start = 0; start < scenes.rows; start += JUDGED_AT_ONCE) {
        const end = Math.min(scenes.rows, start + JUDGED_AT_ONCE);
        const made = await run(plainScenes(scenes, start, end, unused));
        sum += (made.loss!.data as Float32Array)[0]! * (end - start);
      }
      return sum / scenes.rows;
    },
  };
}

/** The pictures of a frame. @throws QuernError TRAINING_FAILED where there are none, or several columns of them */
export function picturesOf(features: Frame, trainer: string): ImageColumn {
  const columns = [...features.columns.values()].filter((column) => column.kind === "image");
  if (columns.length === 1) return columns[0]!;
  throw new QuernError(
    "TRAINING_FAILED",
    `${trainer} learns from one column of pictures; there are ${columns.length}.`,
    { details: { trainer } },
  );
}
