import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import {
  averagingField,
  checkpointField,
  dropoutField,
  labelSmoothingField,
  learningRateField,
  RISES,
  weightDecayField,
} from "../shared-fields.js";

const BACKBONES = ["small-cnn", "resnet", "mobilenet"] as const;
const FLIPS = ["none", "horizontal", "both"] as const;

const network = {
  backbone: z
    .enum(BACKBONES)
    .default("small-cnn")
    .register(fields, {
      title: "Backbone",
      help: "`small-cnn`: plain convolutions; `resnet`: residual blocks; `mobilenet`: inverted residuals (MobileNetV2).",
      tune: { choices: BACKBONES },
    }),
  width: z
    .number()
    .int()
    .min(4)
    .max(256)
    .default(32)
    .register(fields, {
      title: "Width",
      help: "Channels of the first stage; every stage has twice the channels of the one before.",
      unit: "channels",
      tune: { low: 16, high: 64, scale: "log", integer: true, lowCost: 16 },
    }),
  dropout: dropoutField(0.1),
};

const training = {
  epochs: z
    .number()
    .positive()
    .max(1000)
    .default(8)
    .register(fields, { title: "Epochs", help: "How often every image is seen." }),
  minimumSteps: z.number().int().min(1).max(1_000_000).default(300).register(fields, {
    title: "Least steps",
    help: "Few images are seen more often than `epochs` says, until so many steps are taken.",
    unit: "steps",
  }),
  batchSize: z.number().int().min(1).max(1024).default(64).register(fields, {
    title: "Batch size",
    help: "Images of a step.",
    unit: "images",
  }),
  learningRate: learningRateField(3e-3, RISES, { low: 5e-4, high: 1e-2 }),
  weightDecay: weightDecayField(0.02, { low: 1e-3, high: 0.1 }),
  labelSmoothing: labelSmoothingField(0.05),
  averaging: averagingField(),
  checkpoint: checkpointField(),
};

export const augmentationFields = {
  flip: z
    .enum(FLIPS)
    .default("horizontal")
    .register(fields, {
      title: "Flip",
      help: "Mirrors half of the images: left and right, or also top and bottom. `none` where sides have a meaning.",
      tune: { choices: FLIPS },
    }),
  shift: z.number().min(0).max(0.5).default(0.08).register(fields, {
    title: "Shift",
    help: "Moves images by up to this share of their size in each direction (a random crop of the padded image).",
  }),
  rotation: z.number().min(0).max(180).default(0).register(fields, {
    title: "Rotation",
    help: "Turns images by up to this angle either way.",
    unit: "degrees",
  }),
  colour: z.number().min(0).max(1).default(0).register(fields, {
    title: "Colour",
    help: "Changes brightness, contrast and saturation by up to this share.",
  }),
  cutout: z.number().min(0).max(0.9).default(0).register(fields, {
    title: "Cutout",
    help: "Greys a square of this share of the side in every image (DeVries and Taylor, 2017).",
  }),
  erasing: z.number().min(0).max(1).default(0).register(fields, {
    title: "Random erasing",
    help: "Share of the images in which a rectangle becomes noise (Zhong et al., 2020).",
  }),
  mixup: z.number().min(0).max(1).default(0).register(fields, {
    title: "Mixup",
    help: "Alpha of the Beta distribution by which pairs of images and their labels are mixed (Zhang et al., 2018); 0: none.",
  }),
};

export const imageNetworkConfig = z.strictObject({ ...network, ...training, ...augmentationFields });
export type ImageNetworkConfig = z.infer<typeof imageNetworkConfig>;
export type Backbone = ImageNetworkConfig["backbone"];
export type Augmentation = Pick<ImageNetworkConfig, keyof typeof augmentationFields>;
