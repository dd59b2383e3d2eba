import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { checkpointField, learningRateField, RISES, weightDecayField } from "../shared-fields.js";
import { STAGE_BLOCKS } from "../vision/feature-pyramid.js";
import { sceneBackboneFields } from "../vision/pretrained/scene-backbone.js";
import { sceneChangeFields, sceneTrainingFields } from "../vision/scene-fields.js";

export const detectorConfig = z.strictObject({
  backbone: z
    .enum(STAGE_BLOCKS)
    .default("resnet")
    .register(fields, {
      title: "Backbone",
      help: "`resnet`: residual blocks; `mobilenet`: inverted residuals (MobileNetV2). Without a pretrained model.",
      tune: { choices: STAGE_BLOCKS },
    }),
  width: z
    .number()
    .int()
    .min(4)
    .max(128)
    .default(16)
    .register(fields, {
      title: "Width",
      help: "Channels of the first stage; every stage has twice the channels of the one before, up to eight times.",
      unit: "channels",
      tune: { low: 12, high: 48, scale: "log", integer: true, lowCost: 12 },
    }),
  ...sceneBackboneFields,
  boxes: z.number().int().min(1).max(300).default(100).register(fields, {
    title: "Boxes",
    help: "Surest boxes that are answered for a picture.",
    unit: "boxes",
  }),
  overlap: z.number().gt(0).max(1).default(0.5).register(fields, {
    title: "Overlap",
    help: "A box is dropped where it overlaps a surer one of its class by more than this (intersection over union).",
  }),
  ...sceneTrainingFields({ epochs: 20, steps: 1000, batch: 8 }),
  learningRate: learningRateField(3e-3, RISES, { low: 5e-4, high: 1e-2 }),
  weightDecay: weightDecayField(1e-2),
  checkpoint: checkpointField(),
  ...sceneChangeFields,
});
export type DetectorConfig = z.infer<typeof detectorConfig>;
