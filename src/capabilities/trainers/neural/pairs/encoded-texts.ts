/** Vectors of texts by an encoder: in training, and for all texts of a table. */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import { answersByLength } from "../answers-by-length.js";
import { pooledTexts, type TextPooling } from "../embeddings.js";
import type { Scope } from "../scope.js";
import type { EncoderOptions } from "../text/pretrained/encoder-network.js";
import type { PretrainedEncoder } from "../text/pretrained/read-encoder.js";

/** An encoder with the way its states become one vector. */
export interface PooledEncoder {
  readonly encoder: PretrainedEncoder;
  readonly pooling: TextPooling;
}

const TEXTS = "texts";
const ROWS_AT_ONCE = 16;

/** Float32 [rows, width] of ids int32 [rows, L], short texts by short graphs. */
export function vectorsOf({ encoder, pooling }: PooledEncoder, tokens: Tensor): Float32Array {
  const { architecture, tensors } = encoder;
  const network = (scope: Scope, values: Readonly<Record<string, GraphValue>>) =>
    pooledTexts(scope, values[TEXTS]!, architecture, pooling);
  return answersByLength(network, tensors, [TEXTS], ROWS_AT_ONCE)({ [TEXTS]: tokens });
}

/** Vectors of both texts of each pair, read by the same weights in one pass: int32 [N, L] each to [N, width] each. */
export function pairVectors(
  scope: Scope,
  [first, second]: readonly [GraphValue, GraphValue],
  { encoder, pooling }: PooledEncoder,
  options: EncoderOptions,
): readonly [GraphValue, GraphValue] {
  const { x } = scope;
  const rows = Number(first.shape[0]);
  const vectors = pooledTexts(scope, x.concat([first, second], 0), encoder.architecture, pooling, options);
  const [left, right] = x.split(vectors, [rows, rows], 0);
  return [left!, right!];
}
