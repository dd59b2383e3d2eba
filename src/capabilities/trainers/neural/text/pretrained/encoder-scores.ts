/** A new head on a pretrained encoder, for texts beside other features. */
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import { mixedRows } from "../../augmentation/mixup.js";
import { dense } from "../../layers/dense.js";
import { layerNorm } from "../../layers/normalization.js";
import { firstPieces } from "../../length-buckets.js";
import type { Scope, Values } from "../../scope.js";
import { TABLE } from "../../table-input.js";
import { type TextInputs, textName } from "../text-columns.js";
import type { WideShape } from "../wide-part.js";
import type { EncoderArchitecture } from "./encoder-architecture.js";
import { type EncoderOptions, encodedTexts } from "./encoder-network.js";

/** What the layers are; a plain value. */
export interface EncoderShape {
  readonly architecture: EncoderArchitecture;
  readonly inputs: TextInputs;
  /** Pieces read of a text. */
  readonly length: number;
  readonly dropout: number;
  /** Classes, or 1. */
  readonly outputs: number;
  /** Of the linear model beside the encoder in the scores; absent or 0: there is none. */
  readonly wideShare?: number;
  readonly widePairBuckets?: number;
}

export const ENCODER = "encoder";
/** Width of what the other features become. */
const TABLE_WIDTH = 64;

/** Of the linear model beside the encoder. */
export function wideShapeOf({ inputs, outputs, widePairBuckets = 0 }: EncoderShape): WideShape {
  return { inputs, outputs, widePairBuckets };
}

/** The encoder's scores and, where there is one, the linear model's in its share: [N, outputs] each. */
export function withWideShare(
  { x }: Scope,
  scores: GraphValue,
  { wideShare = 0 }: EncoderShape,
  wide: () => GraphValue,
): GraphValue {
  return wideShare === 0 ? scores : x.add(x.mul(scores, 1 - wideShare), x.mul(wide(), wideShare));
}

/** Scores of the encoder before the link, [N, outputs], of the inputs of `text-columns`. */
export function encoderScores(
  scope: Scope,
  shape: EncoderShape,
  values: Values,
  options: EncoderOptions = {},
): GraphValue {
  const vectors = shape.inputs.texts.map(({ separator }, k) =>
    encodedTexts(
      scope.at(ENCODER),
      firstPieces(scope.x, values[textName(k)]!, piecesRead(shape)),
      shape.architecture,
      { ...options, separator },
    ),
  );
  return headScores(scope, shape, vectors, values);
}

/** The same of texts that are vectors already, [N, width] each, beside the other values. */
export function headScores(
  scope: Scope,
  { dropout, outputs }: Pick<EncoderShape, "dropout" | "outputs">,
  vectors: readonly GraphValue[],
  values: Values,
): GraphValue {
  const { x } = scope;
  const table = values[TABLE];
  const texts = vectors.map((vector, k) => layerNorm(scope.at(`head-norm-${k}`), vector));
  const others = table ? [x.apply("Relu", dense(scope.at(TABLE), table, TABLE_WIDTH))] : [];
  const joined = mixedRows(scope, x.concat([...texts, ...others], 1), values);
  return dense(scope.at("head"), scope.dropout(joined, dropout), outputs);
}

/** No longer than the encoder has places. */
export function piecesRead({ length, architecture }: Pick<EncoderShape, "length" | "architecture">): number {
  return Math.min(length, architecture.positions - architecture.positionOffset);
}
