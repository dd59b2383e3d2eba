/** Activations of other domains and newer operator sets. */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Expressions } from "../../expressions.js";
import { floatOf, floatsOf, type ImportCall, type ImportRule, textOf, unsupportedForm } from "./rule.js";

/** Gaussian error linear unit (Hendrycks and Gimpel, 2016): by the error function, or its approximation by tanh. */
export function gelu(x: Expressions, value: GraphValue, approximate: "none" | "tanh"): GraphValue {
  return x.graph.op("Gelu", [value], {
    ...(approximate === "tanh" ? { attributes: { approximate: { string: "tanh" } } } : {}),
  });
}

const plainGelu: ImportRule = ({ x, ...call }) => [gelu(x, call.input(0), "none")];
const biasGelu: ImportRule = ({ x, ...call }) => [gelu(x, x.add(call.input(0), call.input(1)), "none")];
const fastGelu: ImportRule = ({ x, ...call }) => {
  const bias = call.optional(1);
  return [gelu(x, bias ? x.add(call.input(0), bias) : call.input(0), "tanh")];
};

/** x * sigmoid(alpha * x); with alpha 1 it is Swish. */
const sigmoidUnit =
  (alphaOf: (call: ImportCall) => number): ImportRule =>
  (call) => {
    const { x } = call;
    const value = call.input(0);
    const alpha = alphaOf(call);
    return [x.mul(value, x.apply("Sigmoid", alpha === 1 ? value : x.mul(value, alpha)))];
  };

/** The activation that a fused op applies to its result. */
export function applyActivation(call: ImportCall, value: GraphValue): GraphValue {
  const { x } = call;
  const name = textOf(call, "activation", "");
  const given = floatsOf(call, "activation_params") ?? [];
  const alpha = given[0] ?? floatOf(call, "activation_alpha", 0.01);
  switch (name) {
    case "":
      return value;
    case "Relu":
    case "Sigmoid":
    case "Tanh":
      return x.apply(name, value);
    case "LeakyRelu":
      return x.graph.op(name, [value], { attributes: { alpha: { float: alpha } } });
    case "Clip":
      return x.graph.op(name, [
        value,
        x.graph.scalar(given[0] ?? 0, value.type),
        x.graph.scalar(given[1] ?? 0, value.type),
      ]);
    case "HardSigmoid":
      return x.graph.op(name, [value], {
        attributes: { alpha: { float: given[0] ?? 0.2 }, beta: { float: given[1] ?? 0.5 } },
      });
    default:
      return unsupportedForm(call, `applies the activation ${JSON.stringify(name)}, which is unknown here`);
  }
}

export const STANDARD_ACTIVATIONS: Readonly<Record<string, ImportRule>> = {
  Swish: sigmoidUnit((call) => floatOf(call, "alpha", 1)),
};

export const CONTRIB_ACTIVATIONS: Readonly<Record<string, ImportRule>> = {
  Gelu: plainGelu,
  BiasGelu: biasGelu,
  FastGelu: fastGelu,
  QuickGelu: sigmoidUnit((call) => floatOf(call, "alpha", 1.702)),
};
