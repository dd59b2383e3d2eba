/** The network for tables with images: an encoder for each image and text beside the other features, then one layer. */
import type { Expressions } from "../../../../engines/onnx/index.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { zeros } from "../initializers.js";
import { pictureChannels } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { lastSize } from "../layers/sizes.js";
import type { NetworkKind } from "../network-kind.js";
import type { Scope, Values } from "../scope.js";
import { TABLE } from "../table-input.js";
import { ENCODERS, type EncoderShape } from "../text/encoders.js";
import { type TextInputs, textName } from "../text/text-columns.js";
import { BACKBONES } from "./backbones.js";
import type { Backbone } from "./config.js";
import { graphInputs, type ImageInputs, imageName, predictionInputs, presenceName } from "./image-inputs.js";

/** What the layers are; a plain value. */
export interface ImageShape {
  readonly inputs: ImageInputs;
  readonly backbone: Backbone;
  readonly width: number;
  readonly dropout: number;
  /** Classes, or 1. */
  readonly outputs: number;
}

/** Texts beside images: the mean of their pieces and pairs is what a little data can teach. */
const TEXT_ENCODER: Omit<EncoderShape, "length" | "dropout"> = {
  architecture: "bag",
  width: 32,
  layers: 1,
  heads: 1,
  pairBuckets: 1024,
  tokenDropout: 0.1,
};
const TABLE_WIDTH = 64;

/** Of every column, side by side: [N, features]. */
export function imageFeatures(scope: Scope, shape: ImageShape, values: Values): GraphValue {
  const { x } = scope;
  const { inputs, width, dropout } = shape;
  const images = inputs.images.map(({ statistics }, k) => {
    const own = scope.at(imageName(k));
    const picture = pictureChannels(scope, values[imageName(k)]!, statistics);
    return wherePresent(own, BACKBONES[shape.backbone](own, picture, width), inputs, k, values);
  });
  return x.concat([...images, ...otherFeatures(scope, inputs, dropout, values)], 1);
}

/**
 * The features of a picture, [N, features], and where there is none what was learnt of such rows. Parameter:
 * `no-picture` [1, features].
 */
export function wherePresent(
  scope: Scope,
  features: GraphValue,
  { images }: ImageInputs,
  index: number,
  values: Values,
): GraphValue {
  if (!images[index]!.isOptional) return features;
  const { x } = scope;
  const presence = values[presenceName(index)] ?? presenceIn(x, values[imageName(index)]!);
  const absent = scope.parameter("no-picture", [1, lastSize(features)], zeros, { decayFactor: 0 });
  return x.add(x.mul(features, presence), x.mul(absent, x.sub(1, presence)));
}

/** Uint8 [N, H, W, C] to float32 [N, 1]. */
function presenceIn(x: Expressions, pictures: GraphValue): GraphValue {
  const values = x.reshape(cast(x.graph, pictures, "float32"), [0, -1]);
  const brightest = x.graph.op("ReduceMax", [values, x.integers([1])], {
    attributes: { keepdims: { int: 1 } },
  });
  return x.indicator(x.greater(brightest, 0), brightest);
}

/** Of texts and of the table, where there are some: [N, features] each. */
export function otherFeatures(
  scope: Scope,
  inputs: TextInputs,
  dropout: number,
  values: Values,
): GraphValue[] {
  const texts = inputs.texts.map((text, k) => {
    const encoder = { ...TEXT_ENCODER, length: text.length, dropout };
    return ENCODERS.bag(scope.at(textName(k)), values[textName(k)]!, encoder, text);
  });
  const table = values[TABLE];
  const others = table ? [scope.x.apply("Relu", dense(scope.at(TABLE), table, TABLE_WIDTH))] : [];
  return [...texts, ...others];
}

/** Scores before the link, [N, outputs], of the inputs of `image-inputs`. */
export function imageScores(scope: Scope, shape: ImageShape, values: Values): GraphValue {
  const features = scope.dropout(imageFeatures(scope, shape, values), shape.dropout);
  return dense(scope.at("output"), features, shape.outputs);
}

/** The channels of an image take much memory. */
const ROWS_AT_ONCE = 32;

/** An encoder for each image and text beside the other features. */
export const IMAGE_NETWORK: NetworkKind<ImageShape> = {
  scores: imageScores,
  inputs: (features, { inputs }) => predictionInputs(features, inputs),
  graphInputs,
  rowsAtOnce: () => ROWS_AT_ONCE,
};
