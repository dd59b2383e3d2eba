/** One vector for a whole sequence [N, T, width] or picture [N, C, H, W]. */
import type { Expressions } from "../../../../engines/onnx/index.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Scope } from "../scope.js";
import { dense } from "./dense.js";
import { lastSize, sizeAt } from "./sizes.js";

/** Added to what must not count: its share of a softmax is 0, and it is never the greatest. */
const NEVER = 1e9;

/** 0 where the mask is 1, a very low number where it is 0. */
export function maskPenalty(x: Expressions, mask: GraphValue): GraphValue {
  return x.mul(x.sub(mask, 1), NEVER);
}

/** Mean over the places that count: [N, T, width] and mask [N, T] (1 counts, 0 does not) to [N, width]. */
export function meanOverTime(scope: Scope, value: GraphValue, mask?: GraphValue): GraphValue {
  const { x } = scope;
  if (!mask) return x.mean(value, [1]);
  const sum = x.sum(x.mul(value, x.unsqueeze(mask, [-1])), [1]);
  return x.div(sum, x.max(x.sum(mask, [1], true), 1));
}

/** Greatest value at a place that counts, by feature: [N, T, width], mask [N, T] to [N, width]; 0 where no place counts. */
export function maximumOverTime(scope: Scope, value: GraphValue, mask?: GraphValue): GraphValue {
  const { x } = scope;
  const counted = mask ? x.add(value, x.unsqueeze(maskPenalty(x, mask), [-1])) : value;
  const attributes = { keepdims: { int: 0 } };
  const greatest = x.graph.op("ReduceMax", [counted, x.integers([1])], { attributes });
  return mask ? x.mul(greatest, x.graph.op("ReduceMax", [mask, x.integers([1])])) : greatest;
}

/** The first place, where a text has its token for the whole (Devlin et al., 2019): [N, T, width] to [N, width]. */
export function firstPlace({ x }: Scope, value: GraphValue): GraphValue {
  return x.gather(value, x.graph.scalar(0, "int64"), 1);
}

/**
 * Mean over the places, weighted by what a small network makes of each (Yang et al., 2016): [N, T, width], mask [N, T] to
 * [N, width]. Parts: `hidden`, `score`.
 */
export function attentionOverTime(scope: Scope, value: GraphValue, mask?: GraphValue): GraphValue {
  const { x } = scope;
  const hidden = x.apply("Tanh", dense(scope.at("hidden"), value, lastSize(value)));
  const scores = x.reshape(dense(scope.at("score"), hidden, 1, { hasBias: false }), [0, sizeAt(value, 1)]);
  const penalized = mask ? x.add(scores, maskPenalty(x, mask)) : scores;
  const shares = x.graph.op("Softmax", [penalized], { attributes: { axis: { int: -1 } } });
  return x.sum(x.mul(value, x.unsqueeze(shares, [-1])), [1]);
}

/** Mean of each channel: [N, C, H, W] to [N, C]. */
export function meanOfChannels({ x }: Scope, value: GraphValue): GraphValue {
  return x.mean(value, value.shape.map((_, axis) => axis).slice(2));
}

/** Greatest, or mean, value in each window: [N, C, H, W] to [N, C, H / stride, W / stride]. */
export function poolWindows(
  { x }: Scope,
  value: GraphValue,
  kind: "maximum" | "mean",
  { size, stride = size, padding = 0 }: { size: number; stride?: number; padding?: number },
): GraphValue {
  const spatial = value.shape.slice(2);
  return x.graph.op(kind === "maximum" ? "MaxPool" : "AveragePool", [value], {
    attributes: {
      kernel_shape: { ints: spatial.map(() => size) },
      strides: { ints: spatial.map(() => stride) },
      pads: { ints: [...spatial, ...spatial].map(() => padding) },
    },
  });
}
