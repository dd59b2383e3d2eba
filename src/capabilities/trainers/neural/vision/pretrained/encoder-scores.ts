/** A pretrained image network with a new head, for images beside the texts and other columns of a row. */
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import { dense } from "../../layers/dense.js";
import { layerNorm } from "../../layers/normalization.js";
import { layNetwork } from "../../pretrained/imported-network.js";
import type { Scope, Values } from "../../scope.js";
import { type ImageInputs, imageName } from "../image-inputs.js";
import { otherFeatures, wherePresent } from "../image-network.js";
import { formedPictures } from "./picture-form.js";
import type { BackboneArchitecture } from "./read-backbone.js";

/** What the layers are; a plain value. */
export interface ImageEncoderShape {
  /** Null where there are no images. */
  readonly architecture: BackboneArchitecture | null;
  readonly inputs: ImageInputs;
  readonly dropout: number;
  /** Classes, or 1. */
  readonly outputs: number;
}

export const BACKBONE = "backbone";
export const vectorName = (index: number): string => `vector-${index}`;

/** Features of pictures: uint8 [N, H, W, C] to [N, width]. Parameters are called as in the model's file. */
export function pictureFeatures(
  scope: Scope,
  { network, input, form }: BackboneArchitecture,
  pictures: GraphValue,
): GraphValue {
  return layNetwork(scope, network, { [input]: formedPictures(scope, pictures, form) });
}

/** Scores before the link, [N, outputs], of the inputs of `image-inputs`; images may be vectors already. */
export function imageEncoderScores(scope: Scope, shape: ImageEncoderShape, values: Values): GraphValue {
  const { inputs, architecture, dropout, outputs } = shape;
  const images = inputs.images.map((_, k) => {
    const vector =
      values[vectorName(k)] ?? pictureFeatures(scope.at(BACKBONE), architecture!, values[imageName(k)]!);
    const own = scope.at(`head-norm-${k}`);
    return wherePresent(own, layerNorm(own, vector), inputs, k, values);
  });
  const joined = scope.x.concat([...images, ...otherFeatures(scope, inputs, dropout, values)], 1);
  return dense(scope.at("head"), scope.dropout(joined, dropout), outputs);
}
