import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { ones, zeros } from "../initializers.js";
import type { Scope } from "../scope.js";
import { lastSize, sizeAt } from "./sizes.js";

const EPSILON = 1e-5;
/** Share of the batch in running statistics, as PyTorch. */
const MOMENTUM = 0.1;

/** `scale` and `bias` of so many features. */
function affine(scope: Scope, width: number): [GraphValue, GraphValue] {
  return [
    scope.parameter("scale", [width], ones, { decayFactor: 0 }),
    scope.parameter("bias", [width], zeros, { decayFactor: 0 }),
  ];
}

/**
 * Mean 0 and variance 1 over the last dimension, then scaled (Ba et al., 2016): [..., width]. Parameters: `scale`, `bias`
 * [width].
 */
export function layerNorm(scope: Scope, value: GraphValue, epsilon = EPSILON): GraphValue {
  const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } };
  const inputs = [value, ...affine(scope, lastSize(value))];
  return scope.x.graph.op("LayerNormalization", inputs, { attributes });
}

/** Mean square 1 over the last dimension, then scaled (Zhang and Sennrich, 2019): [..., width]. Parameter: `scale` [width]. */
export function rmsNorm(scope: Scope, value: GraphValue, epsilon = EPSILON): GraphValue {
  const { x } = scope;
  const scale = scope.parameter("scale", [lastSize(value)], ones, { decayFactor: 0 });
  const meanSquare = x.mean(x.square(value), [value.shape.length - 1], true);
  return x.mul(x.div(value, x.apply("Sqrt", x.add(meanSquare, epsilon))), scale);
}

/**
 * Mean 0 and variance 1 over each group of channels of a row, then scaled (Wu and He, 2018): [N, C, ...]. Parameters:
 * `scale`, `bias` [C].
 */
export function groupNorm(scope: Scope, value: GraphValue, groups: number): GraphValue {
  const attributes = { num_groups: { int: groups }, epsilon: { float: EPSILON } };
  return scope.x.graph.op("GroupNormalization", [value, ...affine(scope, sizeAt(value, 1))], { attributes });
}

/**
 * Mean 0 and variance 1 of each channel, then scaled (Ioffe and Szegedy, 2015): [N, C] or [N, C, ...]. While training
 * over the batch, else by the running statistics. Parameters: `scale`, `bias` [C]; statistics: `mean`, `variance` [C], of
 * which a step keeps nine tenths. They are part of what the training's loop carries, so they are read with the parameters.
 */
export function batchNorm(scope: Scope, value: GraphValue): GraphValue {
  const channels = sizeAt(value, 1);
  const [scale, bias] = affine(scope, channels);
  const mean = scope.statistic("mean", [channels], zeros);
  const variance = scope.statistic("variance", [channels], ones);
  const { x } = scope;
  const inputs = [value, scale, bias, mean, variance];
  const epsilon = { float: EPSILON };
  if (scope.mode === "inference") {
    return x.graph.op("BatchNormalization", inputs, { attributes: { epsilon } });
  }
  const attributes = { epsilon, momentum: { float: 1 - MOMENTUM }, training_mode: { int: 1 } };
  const statistic = { type: value.type, shape: [channels] };
  const [made, nextMean, biased] = x.graph.node("BatchNormalization", inputs, {
    attributes,
    outputs: [{ type: value.type, shape: value.shape }, statistic, statistic],
  });
  scope.update("mean", nextMean!);
  // The variance of the batch is divided by its size, that of all data is estimated by one less.
  const size = value.shape.reduce<number>(
    (sum, length, axis) => (axis === 1 ? sum : sum * Number(length)),
    1,
  );
  const kept = x.mul(variance, 1 - MOMENTUM);
  scope.update("variance", x.add(kept, x.mul(x.sub(biased!, kept), size / Math.max(1, size - 1))));
  return made!;
}
