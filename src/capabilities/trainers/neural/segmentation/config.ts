import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { checkpointField, learningRateField, RISES, weightDecayField } from "../shared-fields.js";
import { sceneBackboneFields } from "../vision/pretrained/scene-backbone.js";
import { sceneChangeFields, sceneTrainingFields } from "../vision/scene-fields.js";

export const segmenterConfig = z.strictObject({
  width: z
    .number()
    .int()
    .min(4)
    .max(128)
    .default(12)
    .register(fields, {
      title: "Width",
      help: "Channels of the first stage; every stage has twice the channels of the one before, up to eight times.",
      unit: "channels",
      tune: { low: 8, high: 48, scale: "log", integer: true, lowCost: 8 },
    }),
  ...sceneBackboneFields,
  dice: z
    .number()
    .min(0)
    .max(10)
    .default(1)
    .register(fields, {
      title: "Dice loss",
      help: "How much the Dice loss counts beside cross-entropy; it sees rare classes as large as common ones.",
      tune: { low: 0, high: 2 },
    }),
  ...sceneTrainingFields({ epochs: 20, steps: 800, batch: 8 }),
  learningRate: learningRateField(5e-3, RISES, { low: 5e-4, high: 1e-2 }),
  weightDecay: weightDecayField(1e-2),
  checkpoint: checkpointField(),
  ...sceneChangeFields,
});
export type SegmenterConfig = z.infer<typeof segmenterConfig>;
