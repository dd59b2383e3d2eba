/** Words and their characters, read in both directions (Ma and Hovy, 2016: BiLSTM-CNN-CRF). */
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { normal } from "../initializers.js";
import { dense } from "../layers/dense.js";
import { embedding } from "../layers/embedding.js";
import { bidirectional } from "../layers/recurrent.js";
import { sizeAt } from "../layers/sizes.js";
import type { Scope, Values } from "../scope.js";
import type { TaggerConfig } from "./config.js";

/** What the layers are; a plain value. */
export interface WordShape
  extends Pick<
    TaggerConfig,
    "wordWidth" | "characterWidth" | "characterFilters" | "stateWidth" | "layers" | "dropout" | "wordDropout"
  > {
  /** Ids of words and of characters are below these. */
  readonly words: number;
  readonly spellings: number;
  readonly labels: number;
}

export const WORD_PARTS = ["words", "characters", "spans"] as const;
/** Neighbouring characters that a filter sees. */
const KERNEL = 3;

/** A vector for each word: ids `words` [N, L] and `characters` [N, L * W] to [N, L, 2 * stateWidth]. */
export function wordStates(scope: Scope, shape: WordShape, values: Values): GraphValue {
  const { x } = scope;
  const ids = values.words!;
  const present = cast(x.graph, x.greater(ids, 0), "float32");
  const lengths = cast(x.graph, x.sum(present, [1]), "int32");
  const kept = scope.dropout(present, shape.wordDropout);
  const vectors = embedding(scope.at("words"), ids, {
    vocabulary: shape.words,
    width: shape.wordWidth,
    initial: normal(0.1),
  });
  const known = x.mul(vectors, x.unsqueeze(kept, [-1]));
  const spelled = spelledWords(scope.at("characters"), shape, values.characters!, sizeAt(ids, 1));
  let states = scope.dropout(x.concat([known, spelled], 2), shape.dropout);
  for (let layer = 0; layer < shape.layers; layer++) {
    const options = { width: shape.stateWidth, cell: "lstm", lengths } as const;
    states = scope.dropout(bidirectional(scope.at(`lstm-${layer}`), states, options).states, shape.dropout);
  }
  return states;
}

/** Strongest answer of each filter anywhere in a word: [N, L * W] to [N, L, filters]. */
function spelledWords(scope: Scope, shape: WordShape, ids: GraphValue, length: number): GraphValue {
  const { x } = scope;
  const size = sizeAt(ids, 1) / length;
  const width = shape.characterWidth;
  const byWord = x.reshape(ids, [0, length, size]);
  const present = cast(x.graph, x.greater(byWord, 0), "float32");
  const vectors = embedding(scope.at("pieces"), byWord, {
    vocabulary: shape.spellings,
    width,
    initial: normal(0.1),
  });
  const padded = x.graph.op("Pad", [
    x.mul(vectors, x.unsqueeze(present, [-1])),
    x.integers([0, 0, 1, 0, 0, 0, KERNEL - 2, 0]),
  ]);
  const shifted = Array.from({ length: KERNEL }, (_, k) => {
    const bounds = [[k], [k + size], [2]].map((list) => x.integers(list));
    return x.graph.op("Slice", [padded, ...bounds]);
  });
  const filtered = dense(scope.at("filters"), x.concat(shifted, 3), shape.characterFilters);
  return x.graph.op("ReduceMax", [x.apply("Relu", filtered), x.integers([2])], {
    attributes: { keepdims: { int: 0 } },
  });
}
