/** The layers of BERT (Devlin et al., 2019), RoBERTa (Liu et al., 2019), DistilBERT (Sanh et al., 2019), or of an ONNX model. */
import { cast, type GraphValue } from "../../../../../foundation/contracts/graph.js";
import { normal, zeros } from "../../initializers.js";
import type { DenseLayer } from "../../layers/dense.js";
import { embedding, learnedPositions } from "../../layers/embedding.js";
import { layerNorm } from "../../layers/normalization.js";
import { meanOverTime } from "../../layers/pooling.js";
import { sizeAt } from "../../layers/sizes.js";
import { encoderBlock } from "../../layers/transformer.js";
import { type Adaptation, layNetwork } from "../../pretrained/imported-network.js";
import type { Scope } from "../../scope.js";
import type {
  EncoderArchitecture,
  EncoderPort,
  ImportedArchitecture,
  KnownArchitecture,
} from "./encoder-architecture.js";

export interface EncoderOptions {
  /** While training; default 0. */
  readonly dropout?: number;
  /** Makes the linear layers; default `dense`. */
  readonly linear?: DenseLayer;
  /** Changes the weights of an imported encoder. */
  readonly adapt?: Adaptation;
  /** Id behind a first text; what follows is a second one, which BERT is told by a vector of its own. Absent: all is one text. */
  readonly separator?: number | undefined;
}

export const BLOCK = "block";
/** What a second text adds to its pieces. */
export const SECOND_TEXT = "second-text";

/** States of all places: ids [N, L], 0 where a text has ended, to [N, L, width]; an imported encoder may give [N, width]. */
export function encoderStates(
  scope: Scope,
  tokens: GraphValue,
  architecture: EncoderArchitecture,
  options: EncoderOptions = {},
): GraphValue {
  if (architecture.family === "imported") return importedStates(scope, tokens, architecture, options);
  return knownStates(scope, tokens, architecture, options);
}

function knownStates(
  scope: Scope,
  tokens: GraphValue,
  architecture: KnownArchitecture,
  { dropout = 0, linear, separator }: EncoderOptions,
): GraphValue {
  const { width, vocabulary, positions, positionOffset, normEpsilon, layers } = architecture;
  const mask = presentPieces(scope, tokens);
  const pieces = embedding(scope.at("pieces"), tokens, { vocabulary, width, initial: normal(0.02) });
  const placed = learnedPositions(scope.at("places"), pieces, positions - positionOffset);
  const told =
    architecture.tellsTexts && separator !== undefined
      ? scope.x.add(placed, secondTexts(scope, tokens, { width, separator }))
      : placed;
  let values = scope.dropout(layerNorm(scope.at("norm"), told, normEpsilon), dropout);
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

/**
 * Mean of the states of the pieces that are there (Reimers and Gurevych, 2019: Sentence-BERT), or the vector that an imported
 * encoder gives: [N, width].
 */
export function encodedTexts(
  scope: Scope,
  tokens: GraphValue,
  architecture: EncoderArchitecture,
  options?: EncoderOptions,
): GraphValue {
  const states = encoderStates(scope, tokens, architecture, options);
  return states.shape.length === 2 ? states : meanOverTime(scope, states, presentPieces(scope, tokens));
}

/** What is added where the second text stands, [N, L, width]: how its vector differs from that of a first one. */
function secondTexts(
  scope: Scope,
  tokens: GraphValue,
  { width, separator }: { readonly width: number; readonly separator: number },
): GraphValue {
  const difference = scope.parameter(SECOND_TEXT, [width], zeros, { decayFactor: 0 });
  return scope.x.mul(scope.x.unsqueeze(isSecond(scope, tokens, separator), [-1]), difference);
}

/** Float32 [N, L]: 1 behind the first separator of a row, where pieces are; otherwise 0. */
function isSecond(scope: Scope, tokens: GraphValue, separator: number): GraphValue {
  const { x } = scope;
  const ends = cast(x.graph, x.equal(tokens, separator), "float32");
  const before = x.graph.op("CumSum", [ends, x.graph.scalar(1, "int64")], {
    attributes: { exclusive: { int: 1 } },
  });
  return x.mul(x.min(before, 1), presentPieces(scope, tokens));
}

function presentPieces({ x }: Scope, tokens: GraphValue): GraphValue {
  return cast(x.graph, x.greater(tokens, 0), "float32");
}

function importedStates(
  scope: Scope,
  tokens: GraphValue,
  { network, ports, padding }: ImportedArchitecture,
  { adapt, separator }: EncoderOptions,
): GraphValue {
  const { x } = scope;
  const { ids: read, mask, segments } = ports;
  const ids = cast(x.graph, tokens, "int64");
  const own =
    padding === 0
      ? ids
      : x.where(x.equal(ids, 0), padding, x.where(x.equal(ids, padding), x.graph.scalar(0, "int64"), ids));
  const inputs: [EncoderPort, GraphValue][] = [
    [read!, own],
    ...(mask ? [[mask, attendedPieces(scope, tokens)] as [EncoderPort, GraphValue]] : []),
    ...(segments
      ? [
          [segments, separator === undefined ? x.mul(ids, 0) : isSecond(scope, tokens, separator)] as [
            EncoderPort,
            GraphValue,
          ],
        ]
      : []),
  ];
  const given = inputs.map(([{ name, type }, value]) => [name, cast(x.graph, value, type)] as const);
  return layNetwork(scope, network, Object.fromEntries(given), adapt);
}

/** Int64 [N, L]. The first place always counts: some exports give no number where a text has none. */
function attendedPieces({ x }: Scope, tokens: GraphValue): GraphValue {
  const length = sizeAt(tokens, 1);
  const first = Float32Array.from({ length }, (_, place) => (place === 0 ? 1 : 0));
  const present = cast(x.graph, x.greater(tokens, 0), "float32");
  return cast(x.graph, x.max(present, x.graph.constant("float32", [1, length], first)), "int64");
}
