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
import { pairBuckets } from "./terms.js";

/** What of the configuration the encoders look at. */
export type EncoderShape = Pick<
  TextNetworkConfig,
  "architecture" | "width" | "layers" | "heads" | "length" | "pairBuckets" | "dropout" | "tokenDropout"
>;

/** Int32 [N, L], also where L is less than the longest text takes, to float32 [N, E]. */
type TextEncoder = (scope: Scope, tokens: GraphValue, shape: EncoderShape, size: TextSize) => GraphValue;

/** Pieces that are there: float32 [N, L], 1 or 0. */
export function presence({ x }: Scope, tokens: GraphValue): GraphValue {
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
  const [, present] = x.split(mask, [1, length - 1], 1);
  const places = pairBuckets(x, tokens, buckets);
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
const bag: TextEncoder = (scope, tokens, { width, pairBuckets: buckets, tokenDropout }, { vocabulary }) => {
  const mask = scope.dropout(presence(scope, tokens), tokenDropout);
  const options = { width, vocabulary, buckets };
  const { sum, count } = sumOfPiecesAndPairs(scope, tokens, mask, options);
  return scope.x.div(sum, scope.x.max(count, 1));
};

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

/** Pieces as a network in which each place knows of the others sees them. */
export interface SeenPieces {
  /** Int32 [N, L]. */
  readonly tokens: GraphValue;
  /** Float32 [N, L]: 1 where there is a piece. */
  readonly present: GraphValue;
  /** Float32 [N, L]: 0 where it is hidden. */
  readonly seen: GraphValue;
}

interface TextSize {
  /** Pieces of the longest text. */
  readonly length: number;
  readonly vocabulary: number;
}

/** What each place becomes, [N, L, E], and what all become together, [N, E']. */
interface SequenceEncoder {
  states(scope: Scope, pieces: SeenPieces, shape: EncoderShape, size: TextSize): GraphValue;
  pooled(scope: Scope, states: GraphValue, present: GraphValue): GraphValue;
}

/** LSTMs that read in both directions (Graves and Schmidhuber, 2005). */
const recurrent: SequenceEncoder = {
  states(scope, { tokens, present, seen }, { width, layers, dropout }, { vocabulary }) {
    const lengths = cast(scope.x.graph, scope.x.sum(present, [1]), "int32");
    let values = embedPieces(scope, tokens, seen, { width, vocabulary });
    for (let layer = 0; layer < layers; layer++) {
      const options = { width, cell: "lstm", lengths } as const;
      values = scope.dropout(bidirectional(scope.at(`lstm-${layer}`), values, options).states, dropout);
    }
    return values;
  },
  /** Greatest state, by feature. */
  pooled: (scope, states, present) => maximumOverTime(scope, states, present),
};

/** Blocks of attention (Vaswani et al., 2017), normalised before each part. */
const transformer: SequenceEncoder = {
  states(scope, { tokens, present, seen }, shape, { vocabulary, length }) {
    const { width, heads, dropout, layers } = shape;
    const pieces = embedPieces(scope, tokens, seen, { width, vocabulary });
    const places = Math.min(shape.length, length);
    let values = scope.dropout(learnedPositions(scope.at("places"), pieces, places), dropout);
    for (let layer = 0; layer < layers; layer++) {
      values = encoderBlock(scope.at(`block-${layer}`), values, {
        heads,
        mask: present,
        dropout,
        hiddenWidth: 4 * width,
        norm: "pre",
        activation: "relu",
      });
    }
    return layerNorm(scope.at("norm"), values);
  },
  pooled: (scope, states, present) => meanOverTime(scope, states, present),
};

const SEQUENCE_ENCODERS: Partial<Readonly<Record<Architecture, SequenceEncoder>>> = {
  recurrent,
  transformer,
};

/** Whether each place knows of the others. */
export function readsInSequence(architecture: Architecture): boolean {
  return SEQUENCE_ENCODERS[architecture] !== undefined;
}

/** States of all places, [N, L, E]; undefined where the architecture has none. */
export function encodedPlaces(
  scope: Scope,
  pieces: SeenPieces,
  shape: EncoderShape,
  size: TextSize,
): GraphValue | undefined {
  return SEQUENCE_ENCODERS[shape.architecture]?.states(scope, pieces, shape, size);
}

const inSequence =
  ({ states, pooled }: SequenceEncoder): TextEncoder =>
  (scope, tokens, shape, size) => {
    const read = firstPieces(scope.x, tokens, shape.length);
    const present = presence(scope, read);
    const pieces = { tokens: read, present, seen: scope.dropout(present, shape.tokenDropout) };
    return pooled(scope, states(scope, pieces, shape, size), present);
  };

export const ENCODERS: Readonly<Record<Architecture, TextEncoder>> = {
  bag,
  convolution,
  recurrent: inSequence(recurrent),
  transformer: inSequence(transformer),
};
