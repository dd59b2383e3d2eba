/** From a vector for each piece to tags: a linear layer and a conditional random field that allows valid sequences alone. */
import {
  type ChainScores,
  chainLoss,
  chainMarginals,
  decodeChain,
} from "../../../../engines/autodiff/index.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { type TagRules, tagRules } from "../../../../foundation/contracts/tag-sequence.js";
import { uniform } from "../initializers.js";
import { dense } from "../layers/dense.js";
import { sizeAt } from "../layers/sizes.js";
import type { Scope } from "../scope.js";

/** Score of what no sequence may do: finite, and beyond what emissions can outweigh. */
const FORBIDDEN = -1e5;
const TRANSITION_BOUND = 0.1;

/**
 * Scores of all tag sequences (Huang et al., 2015; Lample et al., 2016). Parameters: those of `dense` under `emission`,
 * `transitions` [K, K], `starts` and `ends` [K].
 * @param values [N, L, width]
 * @param spans int32 [N, 2 L], first and last offset of each piece; 0, 0 where there is none
 */
export function tagScores(scope: Scope, values: GraphValue, spans: GraphValue, labels: number): ChainScores {
  const { x } = scope;
  const rules = tagRules(labels);
  const { tags } = rules;
  const emissions = dense(scope.at("emission"), values, tags);
  const parameter = (name: string, shape: readonly number[]) =>
    scope.parameter(name, shape, uniform(TRANSITION_BOUND), { decayFactor: 0 });
  const penalties = penaltiesOf(rules);
  const constant = (shape: readonly number[], data: Float32Array) => x.graph.constant("float32", shape, data);
  return {
    emissions,
    transitions: x.add(parameter("transitions", [tags, tags]), constant([tags, tags], penalties.transitions)),
    starts: x.add(parameter("starts", [tags]), constant([tags], penalties.starts)),
    ends: x.add(parameter("ends", [tags]), constant([tags], penalties.ends)),
    lengths: pieceCounts(scope, spans),
  };
}

/** Int64 [N], at least 1. */
function pieceCounts({ x }: Scope, spans: GraphValue): GraphValue {
  // The first piece may begin at 0, but a piece that is there ends behind it.
  const length = sizeAt(spans, 1) / 2;
  const ends = x.reshape(x.split(x.reshape(spans, [0, length, 2]), [1, 1], 2)[1]!, [0, length]);
  const there = cast(x.graph, x.greater(ends, 0), "int64");
  return x.max(x.sum(there, [1]), 1);
}

function penaltiesOf({ tags, mayBegin, mayEnd, mayFollow }: TagRules) {
  const allowed = (isAllowed: boolean) => (isAllowed ? 0 : FORBIDDEN);
  return {
    starts: Float32Array.from({ length: tags }, (_, tag) => allowed(mayBegin(tag))),
    ends: Float32Array.from({ length: tags }, (_, tag) => allowed(mayEnd(tag))),
    transitions: Float32Array.from({ length: tags * tags }, (_, index) =>
      allowed(mayFollow(Math.floor(index / tags), index % tags)),
    ),
  };
}

/** Mean negative log-likelihood of the true tags int64 [N, L]. */
export function tagLoss({ x }: Scope, scores: ChainScores, truth: GraphValue): GraphValue {
  return x.mean(chainLoss(x, scores, truth));
}

/** The likeliest valid sequence, int64 [N, L], and the probability of each of its tags, float32 [N, L]. */
export function likeliestTags({ x }: Scope, scores: ChainScores): { tags: GraphValue; scores: GraphValue } {
  const tags = decodeChain(x, scores);
  const picked = x.graph.op("GatherElements", [chainMarginals(x, scores), x.unsqueeze(tags, [2])], {
    attributes: { axis: { int: 2 } },
  });
  return { tags, scores: x.graph.op("Squeeze", [picked, x.integers([2])]) };
}
