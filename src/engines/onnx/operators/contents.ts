/**
 * The contents of small integer tensors, followed through the ops that compute shapes: `Expand(x, Concat(
 * Gather(Shape(y), 0), [3]))` has the shape [N, 3], and nothing else could tell.
 */
import type { Dimension } from "../../../foundation/contracts/graph.js";
import {
  axisOf,
  constant,
  inputOf,
  integer,
  type OperatorCall,
  product,
  type SizeBound,
  sizeOfTerm,
} from "./operator.js";
import { productTerm, quotientTerm, sumTerm } from "./size-terms.js";

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
type Term = (a: Dimension, b: Dimension) => Dimension | undefined;

/** Calls with the elements of both inputs, of which one may be single. */
function pairwise(call: OperatorCall, compute: (a: Dimension, b: Dimension) => Dimension | undefined) {
  const [left, right] = [call.contents(0), call.contents(1)];
  if (!left || !right || (left.length !== right.length && left.length !== 1 && right.length !== 1)) {
    return undefined;
  }
  const result = Array.from({ length: left.length === 1 ? right.length : left.length }, (_, index) =>
    compute(left[left.length === 1 ? 0 : index]!, right[right.length === 1 ? 0 : index]!),
  );
  return result.every((item) => item !== undefined) ? (result as Dimension[]) : undefined;
}

/** With symbols the result is a new symbol, bounded by what the op can reach. */
const arithmetic =
  (compute: Arithmetic, bound: Arithmetic, term: Term = () => undefined): Rule =>
  (call) =>
    pairwise(call, (a, b) => {
      if (typeof a === "number" && typeof b === "number") return compute(a, b);
      const reach = (sizeOf: (size: Dimension) => number, side: Dimension) => Math.abs(sizeOf(side));
      const reached: SizeBound = (sizeOf) => bound(reach(sizeOf, a), reach(sizeOf, b));
      const known = term(a, b);
      return known === undefined ? call.fresh(reached) : sizeOfTerm(call, [a, b], known, reached);
    });

/** Quotients of floats are no sizes, and rounding them as integers are would be wrong. */
const isFloat = (call: OperatorCall): boolean => ["float32", "float64"].includes(inputOf(call, 0).type);
const quotient = arithmetic(
  (a, b) => Math.trunc(a / b),
  (a) => a,
  (a, b) => quotientTerm([a], [b]),
);

/** The remainder has the sign of the divisor, with `fmod` that of the dividend. */
const remainder: Rule = (call) => {
  if (isFloat(call)) return undefined;
  const truncates = integer(call, "fmod", 0) === 1;
  return pairwise(call, (a, b) => {
    if (typeof a !== "number" || typeof b !== "number" || b === 0) return undefined;
    return truncates ? a % b : a - b * Math.floor(a / b);
  });
};

/** A size is never negative, whatever it turns out to be. */
const equality: Rule = (call) =>
  pairwise(call, (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a === b ? 1 : 0;
    if (a === b) return 1;
    return [a, b].some((side) => typeof side === "number" && side < 0) ? 0 : undefined;
  });

const choice: Rule = (call) => {
  const [condition, yes, no] = [0, 1, 2].map((index) => call.contents(index));
  if (!condition || !yes || !no) return undefined;
  const length = Math.max(condition.length, yes.length, no.length);
  const at = (list: readonly Dimension[], index: number) => list[list.length === 1 ? 0 : index];
  const result = Array.from({ length }, (_, index) => at(at(condition, index) === 0 ? no : yes, index));
  return result.every((item) => item !== undefined) ? (result as Dimension[]) : undefined;
};

/** A vector of one number; more dimensions are data. */
const repeated: Rule = (call) => {
  const length = constant(call, 0);
  if (length?.length !== 1 || length[0]! > MAXIMUM_CONTENTS) return undefined;
  const value = call.attributes.value;
  const item = value && "tensor" in value ? Number(value.tensor.data[0]) : 0;
  return new Array<number>(Math.max(0, length[0]!)).fill(item);
};

const sequence: Rule = (call) => {
  const [start, limit, delta] = [0, 1, 2].map((index) => constant(call, index)?.[0]);
  if (start === undefined || limit === undefined || !delta || isFloat(call)) return undefined;
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (length > MAXIMUM_CONTENTS) return undefined;
  return Array.from({ length }, (_, index) => start + index * delta);
};

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
    sumTerm,
  ),
  Sub: arithmetic(
    (a, b) => a - b,
    (a, b) => a + b,
  ),
  Mul: arithmetic(
    (a, b) => a * b,
    (a, b) => a * b,
    (a, b) => productTerm([a, b]),
  ),
  Div: (call) => (isFloat(call) ? undefined : quotient(call)),
  Mod: remainder,
  Equal: equality,
  Where: choice,
  ConstantOfShape: repeated,
  Range: sequence,
  Max: arithmetic(Math.max, Math.max),
  Min: arithmetic(Math.min, Math.max),
};
