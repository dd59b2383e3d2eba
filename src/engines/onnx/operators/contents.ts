/**
 * The contents of small integer tensors, followed through the ops that compute shapes: `Expand(x, Concat(
 * Gather(Shape(y), 0), [3]))` has the shape [N, 3], and nothing else could tell.
 */
import type { Dimension } from "../../../foundation/contracts/graph.js";
import { axisOf, constant, inputOf, integer, type OperatorCall, product } from "./operator.js";

/** Longer tensors are data, not shapes. */
export const MAXIMUM_CONTENTS = 4096;

/** Contents of the first output, if they are known. */
export function inferContents(call: OperatorCall): readonly Dimension[] | undefined {
  const rule = Object.hasOwn(RULES, call.type) ? RULES[call.type] : undefined;
  const contents = rule?.(call);
  return contents && contents.length <= MAXIMUM_CONTENTS ? contents : undefined;
}

type Rule = (call: OperatorCall) => readonly Dimension[] | undefined;

const same: Rule = (call) => call.contents(0);

const shapeOf: Rule = (call) => {
  const { shape } = inputOf(call, 0);
  const at = (index: number) => (index < 0 ? index + shape.length : index);
  return shape.slice(
    Math.max(0, at(integer(call, "start", 0))),
    Math.max(0, at(integer(call, "end", shape.length))),
  );
};

/** Casting to an integer keeps whole numbers; what it does to others is not followed. */
const cast: Rule = (call) => {
  const contents = call.contents(0);
  return contents?.every((item) => typeof item === "string" || Number.isSafeInteger(item))
    ? contents
    : undefined;
};

const gather: Rule = (call) => {
  const contents = call.contents(0);
  const indices = constant(call, 1);
  if (!contents || !indices || inputOf(call, 0).shape.length !== 1) return undefined;
  return indices.map((index) => contents[axisOf(call, index, contents.length)]!);
};

const slice: Rule = (call) => {
  const contents = call.contents(0);
  const [starts, ends] = [constant(call, 1), constant(call, 2)];
  const steps = call.inputs[4] ? constant(call, 4) : [1];
  if (!contents || starts?.length !== 1 || ends?.length !== 1 || steps?.[0] !== 1) return undefined;
  return inputOf(call, 0).shape.length === 1 ? contents.slice(starts[0], ends[0]) : undefined;
};

const concat: Rule = (call) => {
  const parts = call.inputs.map((input, index) =>
    input?.shape.length === 1 ? call.contents(index) : undefined,
  );
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
};

type Arithmetic = (a: number, b: number) => number;

/** With symbols the result is a new symbol, bounded by what the op can reach. */
const arithmetic =
  (compute: Arithmetic, bound: Arithmetic): Rule =>
  (call) => {
    const [left, right] = [call.contents(0), call.contents(1)];
    if (!left || !right || (left.length !== right.length && left.length !== 1 && right.length !== 1))
      return undefined;
    return Array.from({ length: left.length === 1 ? right.length : left.length }, (_, index) => {
      const a = left[left.length === 1 ? 0 : index]!;
      const b = right[right.length === 1 ? 0 : index]!;
      if (typeof a === "number" && typeof b === "number") return compute(a, b);
      const reach = (sizeOf: (size: Dimension) => number, side: Dimension) => Math.abs(sizeOf(side));
      return call.fresh((sizeOf) => bound(reach(sizeOf, a), reach(sizeOf, b)));
    });
  };

/** Quotients of floats are no sizes, and rounding them as integers are would be wrong. */
const isFloat = (call: OperatorCall): boolean => ["float32", "float64"].includes(inputOf(call, 0).type);
const quotient = arithmetic(
  (a, b) => Math.trunc(a / b),
  (a) => a,
);

const RULES: Readonly<Record<string, Rule>> = {
  Identity: same,
  Reshape: same,
  Squeeze: same,
  Unsqueeze: same,
  Flatten: same,
  Cast: cast,
  Shape: shapeOf,
  Size: (call) => [product(call, inputOf(call, 0).shape)],
  Gather: gather,
  Slice: slice,
  Concat: concat,
  Add: arithmetic(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  Sub: arithmetic(
    (a, b) => a - b,
    (a, b) => a + b,
  ),
  Mul: arithmetic(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  Div: (call) => (isFloat(call) ? undefined : quotient(call)),
  Max: arithmetic(Math.max, Math.max),
  Min: arithmetic(Math.min, Math.max),
};
