/** How a text becomes one vector. N texts of L pieces; piece 0 is padding, which changes nothing. */
import type { Expressions } from "../../../../engines/onnx/index.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { type Initializer, normal, zeros } from "../initializers.js";
import { dense } from "../layers/dense.js";
import { embedding, learnedPositions } from "../layers/embedding.js";
import { layerNorm } from "../layers/normalization.js";
import { maximumOverTime, meanOverTime } from "../layers/pooling.js";
import { bidirectional } from "../layers/recurrent.js";
import { sizeAt } from "../layers/sizes.js";
import { encoderBlock } from "../layers/transformer.js";
import { firstPieces } from "../length-buckets.js";
import type { Scope } from "../scope.js";
import type { Architecture, TextNetworkConfig } from "./config.js";

/** What of the configuration the encoders look at. */
export type EncoderShape = Pick<
  TextNetworkConfig,
  "architecture" | "width" | "layers" | "heads" | "length" | "pairBuckets" | "dropout" | "tokenDropout"
>;

/** Int32 [N, L], also where L is less than the longest text takes, to float32 [N, E]. */
type TextEncoder = (
  scope: Scope,
  tokens: GraphValue,
  shape: EncoderShape,
  text: { readonly length: number; readonly vocabulary: number },
) => GraphValue;

/** Pieces that are there: float32 [N, L], 1 or 0. */
function presence({ x }: Scope, tokens: GraphValue): GraphValue {
  return cast(x.graph, x.greater(tokens, 0), "float32");
}

/** Vectors of the pieces, [N, L, width]; while training, some are hidden and the others scaled up. */
function embedPieces(
  scope: Scope,
  tokens: GraphValue,
  mask: GraphValue,
  { width, vocabulary, initial = normal(0.1) }: { width: number; vocabulary: number; initial?: Initializer },
): GraphValue {
  const vectors = embedding(scope.at("pieces"), tokens, { vocabulary, width, initial });
  return scope.x.mul(vectors, scope.x.unsqueeze(mask, [-1]));
}

/** Prime, so that neighbours of either order fall in different buckets. */
const PAIR_FACTOR = 1_000_003;

/**
 * Sum of the vectors of pieces and of neighbouring pairs, which share vectors by their hash, and how many there are:
 * [N, width] and [N, 1].
 */
function sumOfPiecesAndPairs(
  scope: Scope,
  tokens: GraphValue,
  mask: GraphValue,
  { buckets, ...pieces }: { width: number; vocabulary: number; initial?: Initializer; buckets: number },
): { sum: GraphValue; count: GraphValue } {
  const { x } = scope;
  const length = sizeAt(tokens, 1);
  const sum = x.sum(embedPieces(scope, tokens, mask, pieces), [1]);
  const count = x.sum(mask, [1], true);
  if (buckets === 0 || length < 2) return { sum, count };
  const ids = cast(x.graph, tokens, "int64");
  const [first] = x.split(ids, [length - 1, 1], 1);
  const [, second] = x.split(ids, [1, length - 1], 1);
  const [, present] = x.split(mask, [1, length - 1], 1);
  const mixed = x.add(x.mul(first!, PAIR_FACTOR), second!);
  const places = x.graph.op("Mod", [mixed, x.graph.scalar(buckets, "int64")]);
  const pairs = embedding(scope.at("pairs"), places, {
    vocabulary: buckets,
    width: pieces.width,
    initial: zeros,
  });
  return {
    sum: x.add(sum, x.sum(x.mul(pairs, x.unsqueeze(present!, [-1])), [1])),
    count: x.add(count, x.sum(present!, [1], true)),
  };
}

/** Mean of the vectors of pieces and of neighbouring pairs (Joulin et al., 2017: fastText). */
const bag: TextEncoder = (scope, tokens, { width, pairBuckets, tokenDropout }, { vocabulary }) => {
  const mask = scope.dropout(presence(scope, tokens), tokenDropout);
  const options = { width, vocabulary, buckets: pairBuckets };
  const { sum, count } = sumOfPiecesAndPairs(scope, tokens, mask, options);
  return scope.x.div(sum, scope.x.max(count, 1));
};

/**
 * What pieces and pairs say by themselves, without being read in order: [N, outputs], the scores of a linear model of
 * counts, divided by the root of their number (Cheng et al., 2016: wide and deep).
 */
export function wideScores(
  scope: Scope,
  tokens: GraphValue,
  { pairBuckets, tokenDropout }: EncoderShape,
  { vocabulary, outputs }: { vocabulary: number; outputs: number },
): GraphValue {
  const mask = scope.dropout(presence(scope, tokens), tokenDropout);
  const options = { width: outputs, vocabulary, buckets: pairBuckets, initial: zeros };
  const { sum, count } = sumOfPiecesAndPairs(scope, tokens, mask, options);
  return scope.x.div(sum, scope.x.apply("Sqrt", scope.x.max(count, 1)));
}

const KERNELS = [3, 4, 5];

/** The strongest answer of each filter over the text (Kim, 2014), of those that begin at a piece. */
const convolution: TextEncoder = (scope, tokens, shape, { vocabulary }) => {
  const { x } = scope;
  const read = firstPieces(x, tokens, shape.length);
  const present = presence(scope, read);
  const mask = scope.dropout(present, shape.tokenDropout);
  const values = embedPieces(scope, read, mask, { width: shape.width, vocabulary });
  const strongest = KERNELS.map((kernel) => {
    const filtered = dense(scope.at(`filters-${kernel}`), windows(x, values, kernel), shape.width);
    return maximumOverTime(scope, x.apply("Relu", filtered), present);
  });
  return x.concat(strongest, 1);
};

/** Each place beside the next ones, zeros after the end: [N, L, W] to [N, L, kernel * W]. */
function windows(x: Expressions, values: GraphValue, kernel: number): GraphValue {
  const length = sizeAt(values, 1);
  const padded = x.graph.op("Pad", [values, x.integers([0, 0, 0, 0, kernel - 1, 0])]);
  const shifted = Array.from({ length: kernel }, (_, k) => {
    const bounds = [[k], [k + length], [1]].map((list) => x.integers(list));
    return x.graph.op("Slice", [padded, ...bounds]);
  });
  return x.concat(shifted, 2);
}

/** Greatest state, by feature, of LSTMs that read in both directions (Graves and Schmidhuber, 2005). */
const recurrent: TextEncoder = (scope, tokens, shape, { vocabulary }) => {
  const read = firstPieces(scope.x, tokens, shape.length);
  const present = presence(scope, read);
  const mask = scope.dropout(present, shape.tokenDropout);
  const lengths = cast(scope.x.graph, scope.x.sum(present, [1]), "int32");
  let values = embedPieces(scope, read, mask, { width: shape.width, vocabulary });
  for (let layer = 0; layer < shape.layers; layer++) {
    const options = { width: shape.width, cell: "lstm", lengths } as const;
    values = scope.dropout(bidirectional(scope.at(`lstm-${layer}`), values, options).states, shape.dropout);
  }
  return maximumOverTime(scope, values, present);
};

/** Mean over what blocks of attention make of the pieces (Vaswani et al., 2017), normalised before each part. */
const transformer: TextEncoder = (scope, tokens, shape, { vocabulary, length }) => {
  const { width, heads, dropout } = shape;
  const read = firstPieces(scope.x, tokens, shape.length);
  const mask = presence(scope, read);
  const seen = scope.dropout(mask, shape.tokenDropout);
  const pieces = embedPieces(scope, read, seen, { width, vocabulary });
  const places = Math.min(shape.length, length);
  let values = scope.dropout(learnedPositions(scope.at("places"), pieces, places), dropout);
  for (let layer = 0; layer < shape.layers; layer++) {
    values = encoderBlock(scope.at(`block-${layer}`), values, {
      heads,
      mask,
      dropout,
      hiddenWidth: 4 * width,
      norm: "pre",
      activation: "relu",
    });
  }
  return meanOverTime(scope, layerNorm(scope.at("norm"), values), mask);
};

export const ENCODERS: Readonly<Record<Architecture, TextEncoder>> = {
  bag,
  convolution,
  recurrent,
  transformer,
};
