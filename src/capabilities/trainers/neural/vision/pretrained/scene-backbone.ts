/** Pretrained networks under detectors and segmenters, in place of stages that learn from nothing. */
import { z } from "zod";
import { fields } from "../../../../../foundation/contracts/extension.js";
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import type { NetworkTensors } from "../../inference.js";
import { layStages } from "../../pretrained/imported-network.js";
import type { Scope } from "../../scope.js";
import type { NetworkTraining } from "../../train-network.js";
import { formedPictures } from "./picture-form.js";
import { readStages, type StageArchitecture } from "./read-backbone.js";

const TUNINGS = ["frozen", "full"] as const;

export const sceneBackboneFields = {
  model: z.string().default("").register(fields, {
    title: "Pretrained model",
    help: "An ONNX model, or safetensors of a ResNet, whose views become coarser: a file, a folder (relative to quern.yaml), or `hf:organisation/name@revision`. Default: none, all is learnt from scratch.",
  }),
  content: z.string().default("").register(fields, {
    title: "Content of the model",
    help: "SHA-256 of its files; filled in, so that other weights are another configuration.",
  }),
  tuning: z.enum(TUNINGS).default("full").register(fields, {
    title: "Tuning of the pretrained model",
    help: "`full`: its layers learn a tenth as fast as what is new; `frozen`: they keep their weights.",
  }),
};

export interface SceneBackboneConfig {
  readonly model: string;
  readonly tuning: (typeof TUNINGS)[number];
}

export interface SceneBackbone {
  /** Null: none. */
  readonly architecture: StageArchitecture | null;
  /** What the training begins with and how the network is treated; empty without one. */
  readonly training: Pick<NetworkTraining, "given" | "treatment">;
}

const PLACE = "pretrained";
const RATE_FACTOR = 0.1;

/** @throws QuernError what reading the model throws */
export function openSceneBackbone(
  { model, tuning }: SceneBackboneConfig,
  picture: { readonly height: number; readonly width: number },
): SceneBackbone {
  if (model === "") return { architecture: null, training: {} };
  const { architecture, tensors } = readStages(model, { height: picture.height, width: picture.width });
  const given: NetworkTensors = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [`${PLACE}.${name}`, tensor]),
  );
  const own = { isFrozen: tuning === "frozen", rateFactor: RATE_FACTOR };
  return { architecture, training: { given, treatment: (name) => (name in given ? own : undefined) } };
}

/** The views of pictures uint8 [N, H, W, C], from fine to coarse. Parameters are called as in the model's file. */
export function pretrainedViews(
  scope: Scope,
  { network, input, form }: StageArchitecture,
  pictures: GraphValue,
): GraphValue[] {
  return layStages(scope.at(PLACE), network, { [input]: formedPictures(scope, pictures, form) });
}
