/** Ops that treat each element by itself. */
import { cast, type GraphValue } from "../../../foundation/contracts/graph.js";
import {
  aboveZero,
  type Derivation,
  defineOp,
  defineOps,
  floatAttribute,
  type OpSample,
  type OpUse,
  refusal,
  textAttribute,
} from "./definition.js";

const over = (low: number, high: number): OpSample[] => [{ inputs: [{ shape: [3, 4], range: [low, high] }] }];

/** An op of one input, from its derivative as a factor of the cotangent. */
function unary<const Type extends string>(
  type: Type,
  factor: (derivation: Derivation) => GraphValue,
  samples: readonly OpSample[] = over(-2, 2),
) {
  return { type, samples, vjp: (d: Derivation) => [d.x.mul(d.c, factor(d))] };
}

/** c where the condition holds, `otherwise` elsewhere. */
const chosen = ({ x, c }: Derivation, condition: GraphValue, otherwise: GraphValue | number) =>
  x.where(condition, c, otherwise);

const float = (value: number) => ({ float: value });

const TRIGONOMETRY = {
  Sin: unary("Sin", ({ x, input }) => x.apply("Cos", input)),
  Cos: unary("Cos", ({ x, input }) => x.apply("Neg", x.apply("Sin", input))),
  Tan: unary("Tan", ({ x, output }) => x.add(x.square(output), 1), over(-1, 1)),
  Asin: unary("Asin", ({ x, input }) => inverseRoot(x.sub(1, x.square(input)), x), over(-0.8, 0.8)),
  Acos: unary(
    "Acos",
    ({ x, input }) => x.apply("Neg", inverseRoot(x.sub(1, x.square(input)), x)),
    over(-0.8, 0.8),
  ),
  Atan: unary("Atan", ({ x, input }) => x.apply("Reciprocal", x.add(x.square(input), 1))),
  Sinh: unary("Sinh", ({ x, input }) => x.apply("Cosh", input)),
  Cosh: unary("Cosh", ({ x, input }) => x.apply("Sinh", input)),
  Asinh: unary("Asinh", ({ x, input }) => inverseRoot(x.add(x.square(input), 1), x)),
  Acosh: unary("Acosh", ({ x, input }) => inverseRoot(x.sub(x.square(input), 1), x), over(1.5, 4)),
  Atanh: unary("Atanh", ({ x, input }) => x.apply("Reciprocal", x.sub(1, x.square(input))), over(-0.8, 0.8)),
};

function inverseRoot(value: GraphValue, x: Derivation["x"]): GraphValue {
  return x.apply("Reciprocal", x.apply("Sqrt", value));
}

const POWERS = {
  Abs: unary("Abs", ({ x, input }) => x.apply("Sign", input)),
  Neg: defineOp({ type: "Neg", samples: over(-2, 2), vjp: ({ x, c }) => [x.apply("Neg", c)] }),
  Exp: unary("Exp", ({ output }) => output),
  Log: unary("Log", ({ x, input }) => x.apply("Reciprocal", input), over(0.5, 4)),
  Sqrt: unary("Sqrt", ({ x, output }) => x.div(0.5, output), over(0.5, 4)),
  Reciprocal: unary("Reciprocal", ({ x, output }) => x.apply("Neg", x.square(output)), over(0.5, 3)),
  Erf: unary("Erf", ({ x, input }) =>
    x.mul(x.apply("Exp", x.apply("Neg", x.square(input))), 2 / Math.sqrt(Math.PI)),
  ),
  Identity: defineOp({ type: "Identity", samples: over(-2, 2), vjp: ({ c }) => [c] }),
};

/** (v + 1) / 2 of values within [-1, 1], in one op where it has a kernel. */
function halved({ x, graph }: OpUse, value: GraphValue): GraphValue {
  if (value.type !== "float32") return x.mul(x.add(value, 1), 0.5);
  return graph.op("HardSigmoid", [value], { attributes: { alpha: float(0.5), beta: float(0.5) } });
}

const isTanhGelu = ({ node }: OpUse): boolean => textAttribute(node, "approximate", "none") === "tanh";

/** Phi(x), the share of the normal distribution below x, and x / sqrt(2). */
function normalShare(use: OpUse): { readonly share: GraphValue; readonly scaled: GraphValue } {
  const scaled = use.x.mul(use.input, Math.SQRT1_2);
  return { share: halved(use, use.x.apply("Erf", scaled)), scaled };
}

const GELU_CUBE = 0.044715;

/** Hendrycks and Gimpel (2016): x * Phi(x), or its approximation by tanh. */
function geluFactor(use: OpUse): GraphValue {
  const { x, input } = use;
  if (isTanhGelu(use)) {
    const scale = Math.sqrt(2 / Math.PI);
    const square = x.square(input);
    const tanh = x.apply("Tanh", x.mul(x.mul(input, x.add(x.mul(square, GELU_CUBE), 1)), scale));
    const slope = x.mul(x.add(x.mul(square, 3 * GELU_CUBE), 1), scale);
    const curved = x.mul(x.mul(x.sub(1, x.square(tanh)), slope), input);
    return x.mul(x.add(x.add(tanh, 1), curved), 0.5);
  }
  // Each op is a pass over a large value: the scale of the density is in its exponent.
  const { share, scaled } = normalShare(use);
  const density = x.apply("Exp", x.sub(-0.5 * Math.log(2 * Math.PI), x.square(scaled)));
  return x.add(share, x.mul(input, density));
}

/** By the share that the derivative has in it too; that is kept, and the input is not. */
function geluForward(use: OpUse): GraphValue[] | undefined {
  if (isTanhGelu(use)) return undefined;
  return [use.x.mul(use.input, normalShare(use).share), geluFactor(use)];
}

function mishFactor({ x, input }: Derivation): GraphValue {
  const tanh = x.apply("Tanh", x.apply("Softplus", input));
  const curved = x.mul(x.mul(input, x.apply("Sigmoid", input)), x.sub(1, x.square(tanh)));
  return x.add(tanh, curved);
}

const SELU = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

const ACTIVATIONS = {
  Sigmoid: unary("Sigmoid", ({ x, output }) => x.mul(output, x.sub(1, output))),
  Tanh: unary("Tanh", ({ x, output }) => x.sub(1, x.square(output))),
  // By its output: runtimes fuse Relu into what comes before, so that its input is never made.
  Relu: unary("Relu", (d) => aboveZero(d, d.output)),
  Softplus: unary("Softplus", ({ x, input }) => x.apply("Sigmoid", input)),
  Softsign: unary("Softsign", ({ x, input }) =>
    x.apply("Reciprocal", x.square(x.add(x.apply("Abs", input), 1))),
  ),
  LeakyRelu: defineOp({
    type: "LeakyRelu",
    samples: [...over(-2, 2), { inputs: [{ shape: [6] }], attributes: { alpha: float(0.3) } }],
    vjp: (d) => {
      const slope = d.x.mul(d.c, floatAttribute(d.node, "alpha", 0.01));
      return [chosen(d, d.x.greater(d.input, 0), slope)];
    },
  }),
  Elu: defineOp({
    type: "Elu",
    samples: [...over(-2, 2), { inputs: [{ shape: [6] }], attributes: { alpha: float(0.7) } }],
    vjp: (d) => {
      const slope = d.x.mul(d.c, d.x.add(d.output, floatAttribute(d.node, "alpha", 1)));
      return [chosen(d, d.x.greater(d.input, 0), slope)];
    },
  }),
  Selu: unary("Selu", ({ x, input, output, node }) => {
    const gamma = floatAttribute(node, "gamma", SELU.gamma);
    const left = x.add(output, gamma * floatAttribute(node, "alpha", SELU.alpha));
    return x.where(x.greater(input, 0), gamma, left);
  }),
  Celu: unary(
    "Celu",
    ({ x, input, output, node }) =>
      x.where(x.greater(input, 0), 1, x.add(x.div(output, floatAttribute(node, "alpha", 1)), 1)),
    [...over(-2, 2), { inputs: [{ shape: [6] }], attributes: { alpha: float(0.7) } }],
  ),
  Gelu: {
    ...unary("Gelu", (d) => d.node.outputs[1] ?? geluFactor(d), [
      { inputs: [{ shape: [3, 4], range: [-3, 3] }], outputs: 1 },
      { inputs: [{ shape: [6] }], attributes: { approximate: { string: "tanh" } }, outputs: 1 },
    ]),
    forward: geluForward,
  },
  Mish: unary("Mish", mishFactor),
  HardSigmoid: unary(
    "HardSigmoid",
    ({ x, output, node }) => {
      const inner = x.graph.op("And", [
        x.greater(output, 0),
        x.graph.op("Less", [output, x.graph.scalar(1, output.type)]),
      ]);
      return x.where(inner, x.graph.scalar(floatAttribute(node, "alpha", 0.2), output.type), 0);
    },
    over(-4, 4),
  ),
  HardSwish: unary(
    "HardSwish",
    ({ x, input }) =>
      x.where(
        x.greater(x.apply("Abs", input), 3),
        x.indicator(x.greater(input, 0), input),
        x.add(x.div(input, 3), 0.5),
      ),
    over(-4.5, 4.5),
  ),
  ThresholdedRelu: unary(
    "ThresholdedRelu",
    ({ x, input, node }) => x.indicator(x.greater(input, floatAttribute(node, "alpha", 1)), input),
    [{ inputs: [{ shape: [6], range: [-2, 2] }], attributes: { alpha: float(1) } }],
  ),
  Shrink: unary(
    "Shrink",
    ({ x, input, node }) =>
      x.indicator(x.greater(x.apply("Abs", input), floatAttribute(node, "lambd", 0.5)), input),
    [{ inputs: [{ shape: [8], range: [-2, 2] }], attributes: { lambd: float(0.6), bias: float(0.1) } }],
  ),
};

const broadcasts = (range: readonly [number, number] = [-2, 2]): OpSample[] =>
  [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3]],
    [
      [2, 3],
      [2, 1],
    ],
    [[3], [2, 3]],
    [
      [2, 1],
      [1, 3],
    ],
    [[], [2, 2]],
    [
      [2, 1, 2],
      [3, 1],
    ],
  ].map(([a, b]) => ({
    inputs: [
      { shape: a!, range },
      { shape: b!, range },
    ],
  }));

/** Inputs that equal the extreme share its cotangent, as in PyTorch's maximum. */
function extreme({ x, node, output, c }: Derivation): GraphValue[] {
  const hits = node.inputs.map((input) => x.indicator(x.equal(input!, output), output));
  const share = x.div(
    c,
    hits.reduce((sum, hit) => x.add(sum, hit)),
  );
  return hits.map((hit) => x.mul(share, hit));
}

const ARITHMETIC = {
  Add: defineOp({ type: "Add", samples: broadcasts(), vjp: ({ c }) => [c, c] }),
  Sub: defineOp({ type: "Sub", samples: broadcasts(), vjp: ({ x, c }) => [c, x.apply("Neg", c)] }),
  Mul: defineOp({
    type: "Mul",
    samples: broadcasts(),
    vjp: ({ x, c, node }) => [x.mul(c, node.inputs[1]!), x.mul(c, node.inputs[0]!)],
  }),
  Div: defineOp({
    type: "Div",
    samples: broadcasts([0.6, 2]),
    vjp: ({ x, c, node, output }) => {
      const quotient = x.div(c, node.inputs[1]!);
      return [quotient, x.apply("Neg", x.mul(quotient, output))];
    },
  }),
  Pow: defineOp({
    type: "Pow",
    samples: broadcasts([0.6, 2]),
    vjp: ({ x, c, node: { inputs }, output }) => {
      const exponent = cast(x.graph, inputs[1]!, output.type);
      const slope = x.mul(exponent, x.power(inputs[0]!, x.sub(exponent, 1)));
      const logarithm = x.mul(output, x.apply("Log", inputs[0]!));
      return [x.mul(c, slope), cast(x.graph, x.mul(c, logarithm), inputs[1]!.type)];
    },
  }),
  Min: defineOp({ type: "Min", samples: broadcasts(), vjp: extreme }),
  Max: defineOp({ type: "Max", samples: broadcasts(), vjp: extreme }),
  Sum: defineOp({ type: "Sum", samples: broadcasts(), vjp: ({ c, node }) => node.inputs.map(() => c) }),
  Mean: defineOp({
    type: "Mean",
    samples: broadcasts(),
    vjp: ({ x, c, node }) => node.inputs.map(() => x.div(c, node.inputs.length)),
  }),
  PRelu: defineOp({
    type: "PRelu",
    samples: [{ inputs: [{ shape: [2, 4] }, { shape: [4], range: [0.1, 0.5] }] }],
    vjp: ({ x, c, node: { inputs } }) => {
      const positive = x.greater(inputs[0]!, 0);
      return [x.where(positive, c, x.mul(c, inputs[1]!)), x.where(positive, 0, x.mul(c, inputs[0]!))];
    },
  }),
  Clip: defineOp({
    type: "Clip",
    samples: [
      {
        inputs: [
          { shape: [8], range: [-2, 2] },
          { constant: [-1], shape: [] },
          { constant: [1.2], shape: [] },
        ],
      },
      {
        inputs: [
          { shape: [8], range: [-2, 2] },
          { shape: [], range: [-1, -0.9] },
        ],
      },
    ],
    vjp: ({ x, c, input, output, node: { inputs } }) => {
      const below = inputs[1] && x.where(x.greater(inputs[1], input), c, 0);
      const above = inputs[2] && x.where(x.greater(input, inputs[2]), c, 0);
      return [x.where(x.equal(input, output), c, 0), below, above];
    },
  }),
  Where: defineOp({
    type: "Where",
    samples: [
      { inputs: [{ constant: [1, 0, 1], shape: [3], type: "bool" }, { shape: [2, 3] }, { shape: [2, 1] }] },
    ],
    vjp: ({ x, c, input }) => [undefined, x.where(input, c, 0), x.where(input, 0, c)],
  }),
  // Outside of training it changes nothing; in training it would draw numbers of its own.
  Dropout: defineOp({
    type: "Dropout",
    samples: [{ inputs: [{ shape: [4] }, { constant: [0.5], shape: [] }], outputs: 1 }],
    vjp: ({ graph, c, node }) => {
      const training = node.inputs[2];
      if (training && graph.contentsOf(training)?.[0] !== 0) {
        throw refusal(node, "it draws numbers of its own; multiply by a mask that is an input (dropout.ts)");
      }
      return [c];
    },
  }),
  Cast: defineOp({
    type: "Cast",
    samples: [{ inputs: [{ shape: [4] }], attributes: { to: { int: 11 } } }],
    vjp: ({ x, c, input }) => [cast(x.graph, c, input.type)],
  }),
  CastLike: defineOp({
    type: "CastLike",
    samples: [{ inputs: [{ shape: [4] }, { constant: [0], shape: [] }] }],
    vjp: ({ x, c, input }) => [cast(x.graph, c, input.type), undefined],
  }),
};

export const ELEMENTWISE = {
  ...TRIGONOMETRY,
  ...POWERS,
  ...ACTIVATIONS,
  ...ARITHMETIC,
  ...defineOps("Floor Ceil Round Sign Equal Less LessOrEqual Greater GreaterOrEqual", {
    piecewiseConstant: true,
  }),
  ...defineOps("And Or Xor Not IsNaN IsInf RegexFullMatch StringConcat", { piecewiseConstant: true }),
  ...defineOps("BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitShift", { piecewiseConstant: true }),
  ...defineOps("Mod", { notDifferentiable: "it jumps where the remainder starts again" }),
};
