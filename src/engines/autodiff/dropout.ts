/**
 * Dropout (Srivastava et al., 2014) whose masks are windows of one long random pool: a step only says where its
 * window begins, so that a training can be repeated and resumed from the numbers of its steps, and no random
 * number is drawn while it runs.
 */
import type { Random } from "../../foundation/base/random.js";
import type { GraphValue } from "../../foundation/contracts/graph.js";
import { type Expressions, isStatic } from "../onnx/index.js";

/** Windows begin anywhere in this many places. */
const STARTS = 2 ** 16;

export interface DropoutPool {
  /** 0 with probability `rate`, else 1 / (1 - rate). */
  readonly values: Float32Array;
  /** Where the window of a use in a step begins: int64 [uses], one for each. */
  starts(uses: number, random: Random): BigInt64Array;
}

/** @param largest elements of the largest value that is masked */
export function createDropoutPool(rate: number, largest: number, random: Random): DropoutPool {
  const kept = 1 / (1 - rate);
  const values = Float32Array.from({ length: largest + STARTS }, () => (random.uniform() < rate ? 0 : kept));
  return {
    values,
    starts: (uses, draws) => BigInt64Array.from({ length: uses }, () => BigInt(draws.integer(STARTS))),
  };
}

/** @param start int64 [1] */
export function dropout(x: Expressions, value: GraphValue, pool: GraphValue, start: GraphValue): GraphValue {
  if (!isStatic(value.shape)) throw new Error("Dropout needs sizes that are known before the training.");
  const count = value.shape.reduce((product, size) => product * size, 1);
  const end = x.add(start, x.integers([count]));
  const window = x.graph.op("Slice", [pool, start, end, x.integers([0])]);
  return x.mul(value, x.reshape(window, value.shape));
}
