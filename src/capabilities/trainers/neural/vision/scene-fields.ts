/** Config fields of networks that learn what is where in a picture. */
import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";

/** `steps` is what a few hundred pictures need. */
export const sceneTrainingFields = ({
  epochs,
  steps,
  batch,
}: {
  epochs: number;
  steps: number;
  batch: number;
}) => ({
  epochs: z
    .number()
    .positive()
    .max(1000)
    .default(epochs)
    .register(fields, { title: "Epochs", help: "How often every picture is seen." }),
  minimumSteps: z.number().int().min(1).max(1_000_000).default(steps).register(fields, {
    title: "Least steps",
    help: "Few pictures are seen more often than `epochs` says, until so many steps are taken.",
    unit: "steps",
  }),
  batchSize: z.number().int().min(1).max(256).default(batch).register(fields, {
    title: "Batch size",
    help: "Pictures of a step.",
    unit: "pictures",
  }),
});

/** Changes that move boxes and masks with the picture. */
export const sceneChangeFields = {
  flip: z.enum(["none", "horizontal", "both"]).default("horizontal").register(fields, {
    title: "Flip",
    help: "Mirrors half of the pictures: left and right, or also top and bottom. `none` where sides have a meaning.",
  }),
  zoom: z.number().min(0).max(0.9).default(0.25).register(fields, {
    title: "Zoom",
    help: "Enlarges or shrinks pictures by up to this share; what does not fit is cut off, what is left over is grey.",
  }),
  shift: z.number().min(0).max(0.5).default(0.1).register(fields, {
    title: "Shift",
    help: "Moves pictures by up to this share of their size in each direction.",
  }),
  colour: z.number().min(0).max(1).default(0.2).register(fields, {
    title: "Colour",
    help: "Changes brightness, contrast and saturation by up to this share.",
  }),
  cutout: z.number().min(0).max(0.9).default(0).register(fields, {
    title: "Cutout",
    help: "Greys a square of this share of the side in every picture (DeVries and Taylor, 2017).",
  }),
};

/** What is done to a picture and what is annotated in it. */
export interface SceneChanges {
  readonly flip: "none" | "horizontal" | "both";
  readonly zoom: number;
  readonly shift: number;
  readonly colour: number;
  readonly cutout: number;
}
