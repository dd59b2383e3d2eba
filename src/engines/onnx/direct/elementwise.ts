import { ELEMENT_CODES } from "../../../foundation/contracts/graph.js";
import { integerOf, type Slot, type Step, type StepCall, type StepMaker } from "./slot.js";

/** For each element of the result, which element of a broadcast input it takes; nothing where the shapes are equal. */
function positions(input: Slot, shape: readonly number[]): Int32Array | undefined {
  const length = shape.reduce((product, size) => product * size, 1);
  if (input.length === length) return undefined;
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (let axis = input.shape.length - 1; axis >= 0; axis--) {
    if (input.shape[axis] !== 1) strides[axis + shape.length - input.shape.length] = stride;
    stride *= input.shape[axis]!;
  }
  return Int32Array.from({ length }, (_, element) => {
    let [rest, at] = [element, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return at;
  });
}

const hasText = ({ inputs, outputs }: StepCall): boolean =>
  [...inputs, ...outputs].some((slot) => slot?.type === "string");

const unary =
  (compute: (value: number) => number): StepMaker =>
  (call) => {
    if (hasText(call)) return undefined;
    const [from, to] = [call.inputs[0]!.numbers, call.outputs[0]!.numbers];
    return () => {
      for (let k = 0; k < to.length; k++) to[k] = compute(from[k]!);
    };
  };

/** All inputs from left to right. */
const folding =
  (compute: (a: number, b: number) => number): StepMaker =>
  (call) => {
    if (hasText(call)) return undefined;
    const { inputs, outputs } = call;
    const output = outputs[0]!;
    const [first, second, ...rest] = inputs as Slot[];
    if (!second) return copyStep(first!, output);
    const steps = [pairStep(first!, second, output, compute)];
    for (const input of rest) steps.push(pairStep(output, input, output, compute));
    return steps.length === 1 ? steps[0] : inOrder(steps);
  };

function pairStep(left: Slot, right: Slot, output: Slot, compute: (a: number, b: number) => number): Step {
  const [a, b, to] = [left.numbers, right.numbers, output.numbers];
  const [fromA, fromB] = [positions(left, output.shape), positions(right, output.shape)];
  if (!fromA && !fromB) {
    return () => {
      for (let k = 0; k < to.length; k++) to[k] = compute(a[k]!, b[k]!);
    };
  }
  if (!fromA && b.length === 1) {
    return () => {
      for (let k = 0; k < to.length; k++) to[k] = compute(a[k]!, b[0]!);
    };
  }
  const all = Int32Array.from(to.keys());
  const [atA, atB] = [fromA ?? all, fromB ?? all];
  return () => {
    for (let k = 0; k < to.length; k++) to[k] = compute(a[atA[k]!]!, b[atB[k]!]!);
  };
}

const inOrder =
  (steps: readonly Step[]): Step =>
  () => {
    for (const step of steps) step();
  };

function copyStep({ numbers: from }: Slot, { numbers: to }: Slot): Step {
  return () => to.set(from);
}

/** Equal also compares texts. */
const equal: StepMaker = (call) => {
  const [left, right] = call.inputs as [Slot, Slot];
  if (left.type !== "string") return folding((a, b) => (a === b ? 1 : 0))(call);
  const to = call.outputs[0]!.numbers;
  const { shape } = call.outputs[0]!;
  const all = Int32Array.from(to.keys());
  const [atA, atB] = [positions(left, shape) ?? all, positions(right, shape) ?? all];
  return () => {
    for (let k = 0; k < to.length; k++) to[k] = left.texts[atA[k]!] === right.texts[atB[k]!] ? 1 : 0;
  };
};

const where: StepMaker = (call) => {
  const [condition, yes, no] = call.inputs as [Slot, Slot, Slot];
  const output = call.outputs[0]!;
  const all = Int32Array.from({ length: output.length }, (_, k) => k);
  const [atCondition, atYes, atNo] = [condition, yes, no].map((slot) => positions(slot, output.shape) ?? all);
  const { numbers: test } = condition;
  if (output.type === "string") {
    return () => {
      for (let k = 0; k < output.length; k++) {
        output.texts[k] = test[atCondition![k]!] ? yes.texts[atYes![k]!]! : no.texts[atNo![k]!]!;
      }
    };
  }
  const [a, b, to] = [yes.numbers, no.numbers, output.numbers];
  return () => {
    for (let k = 0; k < to.length; k++) to[k] = test[atCondition![k]!] ? a[atYes![k]!]! : b[atNo![k]!]!;
  };
};

const SMALLEST_INT64 = -(2 ** 63);
/** As the processor converts: what no int64 holds becomes the smallest one. */
const toWhole = (value: number): number => (Math.abs(value) < 2 ** 63 ? Math.trunc(value) : SMALLEST_INT64);

const castStep: StepMaker = (call) => {
  const [input, output] = [call.inputs[0]!, call.outputs[0]!];
  if (input.type === "string" || output.type === "string") return undefined;
  const target = integerOf(call, "to", 0);
  const isFloat = (type: string) => type === "float32" || type === "float64";
  if (target === ELEMENT_CODES.bool) return unary((value) => (value === 0 ? 0 : 1))(call);
  if (isFloat(output.type) || !isFloat(input.type)) return copyStep(input, output);
  return target === ELEMENT_CODES.int64 ? unary(toWhole)(call) : undefined;
};

const isFloat = ({ type }: Slot): boolean => type === "float32" || type === "float64";
const divide: StepMaker = (call) =>
  folding(isFloat(call.outputs[0]!) ? (a, b) => a / b : (a, b) => Math.trunc(a / b))(call);

/** Of whole numbers with the sign of the divisor, unless `fmod` wants that of the dividend. */
const remainder: StepMaker = (call) =>
  integerOf(call, "fmod", 0) === 1
    ? folding((a, b) => a % b)(call)
    : folding((a, b) => {
        const rest = a % b;
        return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
      })(call);

const clip: StepMaker = (call) => {
  if (hasText(call)) return undefined;
  const [input, low, high] = call.inputs;
  const [from, to] = [input!.numbers, call.outputs[0]!.numbers];
  return () => {
    const [least, most] = [
      low?.numbers[0] ?? Number.NEGATIVE_INFINITY,
      high?.numbers[0] ?? Number.POSITIVE_INFINITY,
    ];
    for (let k = 0; k < to.length; k++) {
      to[k] = Math.min(Math.max(from[k]!, least), most);
    }
  };
};

const SELU = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

/** Halves go to the even neighbour. */
function roundToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

export const ELEMENTWISE_STEPS: Readonly<Record<string, StepMaker>> = {
  Add: folding((a, b) => a + b),
  Sum: folding((a, b) => a + b),
  Sub: folding((a, b) => a - b),
  Mul: folding((a, b) => a * b),
  Div: divide,
  Mod: remainder,
  Pow: folding((a, b) => a ** b),
  Min: folding(Math.min),
  Max: folding(Math.max),
  Equal: equal,
  Less: folding((a, b) => (a < b ? 1 : 0)),
  LessOrEqual: folding((a, b) => (a <= b ? 1 : 0)),
  Greater: folding((a, b) => (a > b ? 1 : 0)),
  GreaterOrEqual: folding((a, b) => (a >= b ? 1 : 0)),
  And: folding((a, b) => a * b),
  Or: folding(Math.max),
  Not: unary((value) => 1 - value),
  IsNaN: unary((value) => (Number.isNaN(value) ? 1 : 0)),
  Where: where,
  Cast: castStep,
  Clip: clip,
  Abs: unary(Math.abs),
  Neg: unary((value) => -value),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Sign: unary(Math.sign),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundToEven),
  Reciprocal: unary((value) => 1 / value),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tanh: unary(Math.tanh),
  Relu: unary((value) => Math.max(value, 0)),
  Sigmoid: unary((value) => 1 / (1 + Math.exp(-value))),
  Softplus: unary((value) => (value > 20 ? value : Math.log1p(Math.exp(value)))),
  Selu: unary((value) => SELU.gamma * (value > 0 ? value : SELU.alpha * Math.expm1(value))),
};
