/** The networks for tables, texts and images as trainers of several labels: one sigmoid a label instead of one softmax. */
import type { z } from "zod";
import {
  defineStructuredTrainer,
  type StructuredTrainer,
} from "../../../foundation/contracts/structured-trainer.js";
import type { Fitted, Trainer, TrainingContext } from "../../../foundation/contracts/trainer.js";
import { fitNetwork } from "../neural/fit-network.js";
import { neuralNetwork } from "../neural/neural-network.js";
import type { NetworkData } from "../neural/outcome.js";
import { fitTextNetwork } from "../neural/text/fit-text.js";
import { fitEncoder } from "../neural/text/pretrained/fit-encoder.js";
import { textEncoder } from "../neural/text/pretrained/text-encoder.js";
import { textNetwork } from "../neural/text/text-trainer.js";
import { fitImageNetwork } from "../neural/vision/fit-image.js";
import { imageNetwork } from "../neural/vision/image-trainer.js";
import { fitImageEncoder } from "../neural/vision/pretrained/fit-image-encoder.js";
import { imageEncoder } from "../neural/vision/pretrained/image-encoder.js";
import { labelStructure } from "./label-structure.js";

type FitNetwork<Config, State> = (
  trainer: string,
  data: NetworkData,
  config: Config,
  context: TrainingContext,
) => Promise<Fitted<State>>;

/** @param learn of the same network, from rows of any target */
function labelNetwork<Config extends z.ZodObject, State>(
  trainer: Trainer<Config, State>,
  learn: FitNetwork<z.infer<Config>, State>,
): StructuredTrainer<"multilabel", Config, State> {
  const { id, version, summary, config } = trainer;
  return defineStructuredTrainer({
    ...{ id, version, summary, config },
    task: "multilabel",
    estimate: ({ rows, threads, features, labels }, settings) =>
      trainer.estimate(
        { rows, threads, features: features.columns.size, task: "multiclass", classes: Math.max(2, labels) },
        settings,
      ),
    fit: async (data, settings, context) => labelStructure(await learn(id, data, settings, context)),
    restore: (state) => labelStructure(trainer.restore(state)),
  });
}

export const LABEL_NETWORKS = [
  labelNetwork(textNetwork, fitTextNetwork),
  labelNetwork(textEncoder, fitEncoder),
  labelNetwork(imageNetwork, fitImageNetwork),
  labelNetwork(imageEncoder, fitImageEncoder),
  labelNetwork(neuralNetwork, fitNetwork),
] as const;
