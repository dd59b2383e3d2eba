/**
 * FT-Transformer (Gorishniy et al., 2021): each feature of a row becomes a token, tokens look at one another, and one more
 * token stands for the row. Only that one is computed in the last block.
 */
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { designInGraph } from "../../numeric/design.js";
import { mixedRows } from "../augmentation/mixup.js";
import { uniformFor } from "../initializers.js";
import { activate } from "../layers/activations.js";
import { dense } from "../layers/dense.js";
import { layerNorm } from "../layers/normalization.js";
import { embedNumbers } from "../layers/number-embeddings.js";
import { firstPlace } from "../layers/pooling.js";
import { encoderBlock } from "../layers/transformer.js";
import type { NetworkKind } from "../network-kind.js";
import type { Scope, Values } from "../scope.js";
import { predictedTable, TABLE } from "../table-input.js";

/** What the layers are; a plain value. */
export interface TokenShape {
  /** Positions of the feature matrix. */
  readonly features: number;
  /** Positions of numbers that get a periodic embedding, ascending. */
  readonly periodic: Int32Array;
  /** Positions of other numbers and flags, ascending. */
  readonly linear: Int32Array;
  /** Positions of codes, ascending, and how many codes each has. */
  readonly codes: Int32Array;
  readonly codeCounts: Int32Array;
  /** Of a token; a multiple of `heads`. */
  readonly width: number;
  readonly heads: number;
  readonly blocks: number;
  readonly hiddenWidth: number;
  readonly frequencies: number;
  readonly frequencyScale: number;
  /** Inside the feed-forward parts. */
  readonly dropout: number;
  readonly attentionDropout: number;
  /** Classes, or 1. */
  readonly outputs: number;
}

/** Shares of the attention that lie in memory at once. */
const MOST_SHARES = 2 ** 22;
const MOST_ROWS = 256;

/** Rows computed at once outside of training: a multiple of 16. */
function rowsAtOnce({ features, heads }: TokenShape): number {
  const rows = MOST_SHARES / (heads * (features + 1) ** 2);
  return Math.max(16, Math.min(MOST_ROWS, Math.floor(rows / 16) * 16));
}

/**
 * Scores before the link, [N, outputs].
 * @param values the table, float32 [N, features]; codes 0, 1, …, anything else is missing or unseen
 */
function tokenScores(scope: Scope, shape: TokenShape, values: Values): GraphValue {
  let tokens = mixedRows(scope, tokensOf(scope.at("tokens"), shape, values[TABLE]!), values);
  for (let k = 0; k < shape.blocks; k++) {
    tokens = encoderBlock(scope.at(`blocks.${k}`), tokens, {
      heads: shape.heads,
      hiddenWidth: shape.hiddenWidth,
      norm: "pre",
      activation: "gelu-tanh",
      attentionDropout: shape.attentionDropout,
      hiddenDropout: shape.dropout,
      ...(k === shape.blocks - 1 ? { places: 1 } : {}),
    });
  }
  const row = layerNorm(scope.at("norm"), firstPlace(scope, tokens));
  return dense(scope.at("output"), activate(scope.x, row, "relu"), shape.outputs);
}

/** Tokens of the features of a row. */
export const TOKEN_NETWORK: NetworkKind<TokenShape> = {
  scores: (scope, shape, values) => tokenScores(scope, shape, values),
  inputs: predictedTable,
  graphInputs: (graph, columns, { codes }) => ({ [TABLE]: designInGraph(graph, columns, codes) }),
  rowsAtOnce,
};

/** [N, 1 + features, width]; the first token stands for the row. */
function tokensOf(scope: Scope, shape: TokenShape, matrix: GraphValue): GraphValue {
  const { x } = scope;
  const { periodic, linear, codes, width } = shape;
  const pick = (positions: Int32Array) => x.gather(matrix, x.integers(Array.from(positions)), 1);
  const undecayed = { decayFactor: 0 };
  const tokens: GraphValue[] = [];
  if (periodic.length > 0) {
    const { frequencies, frequencyScale } = shape;
    const options = { frequencies, frequencyScale, width };
    const embedded = embedNumbers(scope.at("periodic"), pick(periodic), "plr", options);
    tokens.push(x.reshape(embedded, [0, periodic.length, width]));
  }
  if (linear.length > 0) {
    const weight = scope.parameter("weight", [linear.length, width], uniformFor(width), undecayed);
    tokens.push(x.mul(x.unsqueeze(pick(linear), [-1]), weight));
  }
  if (codes.length > 0) tokens.push(codeTokens(scope, shape, pick(codes)));
  const count = periodic.length + linear.length + codes.length;
  const bias = scope.parameter("bias", [count, width], uniformFor(width), undecayed);
  const features = x.add(x.concat(tokens, 1), bias);
  const row = scope.parameter("row", [1, 1, width], uniformFor(width), undecayed);
  // Once for each row, however many there are.
  const zeros = x.mul(x.split(features, [1, count - 1].slice(0, Math.min(2, count)), 1)[0]!, 0);
  return x.concat([x.add(zeros, row), features], 1);
}

/** Codes [N, c] to [N, c, width]: row 0 of each code's table stands for what is missing or unseen. */
function codeTokens(scope: Scope, { codeCounts, width }: TokenShape, codes: GraphValue): GraphValue {
  const { x } = scope;
  const { graph } = x;
  const counts = Array.from(codeCounts);
  const starts = counts.map((_, k) => counts.slice(0, k).reduce((sum, count) => sum + count + 1, 0));
  const size = counts.reduce((sum, count) => sum + count + 1, 0);
  const row = (values: readonly number[]) => graph.constant("float32", [1, counts.length], values);
  const isKnown = graph.op("And", [
    graph.op("GreaterOrEqual", [codes, graph.scalar(0)]),
    graph.op("Less", [codes, row(counts)]),
  ]);
  const place = x.add(x.where(isKnown, x.add(graph.op("Floor", [codes]), 1), 0), row(starts));
  const table = scope.parameter("codes", [size, width], uniformFor(width), { decayFactor: 0 });
  return x.gather(table, cast(graph, place, "int64"));
}
