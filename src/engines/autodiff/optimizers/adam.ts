import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions } from "../../onnx/index.js";
import { blended, decayed, type Optimizer, penalized, scaled, type Variable } from "./optimizer.js";

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}
export type AdamWOptions = AdamOptions;

type Slot = "mean" | "square";
type Scalar = "rate" | "scale" | "decay";

/** Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as torch.optim.AdamW; decay 0.01 by default. */
export function adamW({ weightDecay = 0.01, ...options }: AdamOptions = {}): Optimizer<Slot, Scalar> {
  return moments({ ...options, weightDecay }, "decoupled");
}

/** Kingma and Ba (2015), as torch.optim.Adam: weight decay, 0 by default, is a part of the gradient. */
export function adam(options: AdamOptions = {}): Optimizer<Slot, Scalar> {
  return moments(options, "penalty");
}

function moments(
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamOptions,
  decay: "decoupled" | "penalty",
): Optimizer<Slot, Scalar> {
  const isDecoupled = decay === "decoupled" && weightDecay !== 0;
  return {
    slots: ["mean", "square"],
    scalars: (step, learningRate) => ({
      rate: learningRate / (1 - beta1 ** step),
      scale: 1 / Math.sqrt(1 - beta2 ** step),
      decay: learningRate * weightDecay,
    }),
    update(x, variable) {
      const { slots, scalars } = variable;
      const gradient = decay === "penalty" ? penalized(x, variable, weightDecay) : variable.gradient;
      const mean = blended(x, slots.mean, gradient, beta1);
      const square = blended(x, slots.square, x.square(gradient), beta2);
      const move = direction(x, variable, mean, square, epsilon);
      const kept = decayed(x, variable, isDecoupled ? scalars.decay : undefined);
      return { parameter: x.sub(kept, move), slots: { mean, square } };
    },
  };
}

function direction(
  x: Expressions,
  { scalars, rateFactor }: Variable<Slot, Scalar>,
  mean: GraphValue,
  square: GraphValue,
  epsilon: number,
): GraphValue {
  const spread = x.add(x.mul(x.apply("Sqrt", square), scalars.scale), epsilon);
  return x.mul(x.div(mean, spread), scaled(x, scalars.rate, rateFactor));
}
