import { type Standardization, standardized } from "../../../engines/kernels/linear-values.js";
import type { ScorableTerms } from "../../../engines/kernels/tree-scorer.js";
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";

/**
 * Linear models in the leaves of trees that each add to one output: a leaf's value is its intercept. Terms refer to
 * variables, which are standardized features; models of different training rows may join, each with its own.
 */
export interface LinearLeaves {
  /** The feature of each variable. */
  readonly feature: Int32Array;
  /** By variable. */
  readonly standardization: Standardization;
  /** [leaves + 1]: the terms of leaf l are start[l] .. start[l + 1] - 1. */
  readonly start: Int32Array;
  readonly variable: Int32Array;
  readonly coefficient: Float32Array;
}

/** For the scorer: how a block of features becomes a block of variables. */
export function scorableTerms(linear: LinearLeaves, width: number): ScorableTerms {
  const { feature, standardization, start, variable, coefficient } = linear;
  const variables = feature.length;
  return {
    start,
    variable,
    coefficient,
    variables,
    readVariables(target, block, count) {
      for (const [k, from] of feature.entries())
        for (let row = 0; row < count; row++)
          target[row * variables + k] = standardized(block[row * width + from]!, k, standardization);
    },
  };
}

/** Variables float32 [N, V] from the feature matrix [N, D], by the same float32 steps as in training. */
function emitVariables(graph: GraphBuilder, linear: LinearLeaves, matrix: GraphValue): GraphValue {
  const variables = linear.feature.length;
  const { mean, inverseScale, low, high } = linear.standardization;
  const row = (values: Float32Array) => graph.constant("float32", [1, variables], values);
  const columns = graph.constant("int64", [variables], BigInt64Array.from(linear.feature, BigInt));
  const raw = graph.op("Gather", [matrix, columns], { attributes: { axis: { int: 1 } } });
  const scaled = graph.op("Mul", [graph.op("Sub", [raw, row(mean)]), row(inverseScale)]);
  const limited = graph.op("Min", [graph.op("Max", [scaled, row(low)]), row(high)]);
  return graph.op("Where", [graph.op("IsNaN", [raw]), graph.scalar(0), limited]);
}

/**
 * Scores [N, outputs] from `sums` [N, outputs * (1 + V)]: what the leaves of all trees add to the constants of the
 * outputs and, output by output, to the coefficients of the variables.
 */
export function emitLinearScores(
  graph: GraphBuilder,
  linear: LinearLeaves,
  outputs: number,
  matrix: GraphValue,
  sums: GraphValue,
): GraphValue {
  const variables = linear.feature.length;
  const sizes = graph.constant("int64", [2], BigInt64Array.of(BigInt(outputs), BigInt(outputs * variables)));
  const [constants, coefficients] = graph.node("Split", [sums, sizes], { attributes: { axis: { int: 1 } } });
  // 0 keeps the number of rows.
  const cube = (value: GraphValue, depth: number) =>
    graph.op("Reshape", [
      value,
      graph.constant("int64", [3], BigInt64Array.of(0n, BigInt(depth), BigInt(variables))),
    ]);
  const values = cube(emitVariables(graph, linear, matrix), 1);
  const products = graph.op("Mul", [cube(coefficients!, outputs), values]);
  const axis = graph.constant("int64", [1], BigInt64Array.of(2n));
  const linearPart = graph.op("ReduceSum", [products, axis], { attributes: { keepdims: { int: 0 } } });
  return graph.op("Add", [constants!, linearPart]);
}

/** The leaves of all parts one after another, coefficients times each part's scale; `leaves` counts each part's. */
export function joinLinearLeaves(
  parts: readonly { readonly linear?: LinearLeaves; readonly leaves: number; readonly scale: number }[],
): LinearLeaves | undefined {
  if (parts.every(({ linear }) => linear === undefined)) return undefined;
  const known = parts.flatMap(({ linear }) => linear ?? []);
  const start = [0];
  const variable: number[] = [];
  const coefficient: number[] = [];
  let variables = 0;
  for (const { linear, leaves, scale } of parts) {
    const before = coefficient.length;
    for (let leaf = 1; leaf <= leaves; leaf++) start.push(before + (linear?.start[leaf] ?? 0));
    if (!linear) continue;
    for (const [k, own] of linear.variable.entries()) {
      variable.push(variables + own);
      coefficient.push(linear.coefficient[k]! * scale);
    }
    variables += linear.feature.length;
  }
  const floats = (name: keyof Standardization) =>
    Float32Array.from(known.flatMap(({ standardization }) => Array.from(standardization[name])));
  return {
    feature: Int32Array.from(known.flatMap(({ feature }) => Array.from(feature))),
    standardization: {
      mean: floats("mean"),
      inverseScale: floats("inverseScale"),
      low: floats("low"),
      high: floats("high"),
    },
    start: Int32Array.from(start),
    variable: Int32Array.from(variable),
    coefficient: Float32Array.from(coefficient),
  };
}
