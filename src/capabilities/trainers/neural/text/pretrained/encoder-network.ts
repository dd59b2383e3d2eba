/** The layers of BERT (Devlin et al., 2019), RoBERTa (Liu et al., 2019) and DistilBERT (Sanh et al., 2019). */
import { cast, type GraphValue } from "../../../../../foundation/contracts/graph.js";
import { normal } from "../../initializers.js";
import type { DenseLayer } from "../../layers/dense.js";
import { embedding, learnedPositions } from "../../layers/embedding.js";
import { layerNorm } from "../../layers/normalization.js";
import { meanOverTime } from "../../layers/pooling.js";
import { encoderBlock } from "../../layers/transformer.js";
import type { Scope } from "../../scope.js";
import type { EncoderArchitecture } from "./encoder-architecture.js";

export interface EncoderOptions {
  /** While training; default 0. */
  readonly dropout?: number;
  /** Makes the linear layers; default `dense`. */
  readonly linear?: DenseLayer;
}

export const BLOCK = "block";

/** States of all places: ids [N, L], 0 where a text has ended, to [N, L, width]. */
export function encoderStates(
  scope: Scope,
  tokens: GraphValue,
  architecture: EncoderArchitecture,
  { dropout = 0, linear }: EncoderOptions = {},
): GraphValue {
  const { width, vocabulary, positions, positionOffset, normEpsilon, layers } = architecture;
  const mask = presentPieces(scope, tokens);
  const pieces = embedding(scope.at("pieces"), tokens, { vocabulary, width, initial: normal(0.02) });
  const placed = learnedPositions(scope.at("places"), pieces, positions - positionOffset);
  let values = scope.dropout(layerNorm(scope.at("norm"), placed, normEpsilon), dropout);
  for (let layer = 0; layer < layers; layer++) {
    values = encoderBlock(scope.at(`${BLOCK}-${layer}`), values, {
      heads: architecture.heads,
      hiddenWidth: architecture.hiddenWidth,
      activation: architecture.activation,
      norm: "post",
      normEpsilon,
      mask,
      dropout,
      hiddenDropout: 0,
      ...(linear ? { linear } : {}),
    });
  }
  return values;
}

/** Mean of the states of the pieces that are there (Reimers and Gurevych, 2019: Sentence-BERT): [N, width]. */
export function encodedTexts(
  scope: Scope,
  tokens: GraphValue,
  architecture: EncoderArchitecture,
  options?: EncoderOptions,
): GraphValue {
  return meanOverTime(
    scope,
    encoderStates(scope, tokens, architecture, options),
    presentPieces(scope, tokens),
  );
}

function presentPieces({ x }: Scope, tokens: GraphValue): GraphValue {
  return cast(x.graph, x.greater(tokens, 0), "float32");
}
