import { decayed, type Optimizer, penalized, scaled } from "./optimizer.js";

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}
export type AdamWOptions = AdamOptions;

/** Sums of past gradients, and of their squares, that fade. The means of the papers are these times (1 - beta). */
type Slot = "gradients" | "squares";
type Scalar = "rate" | "epsilon" | "decay";

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
    slots: ["gradients", "squares"],
    // Each op is a pass over all parameters: what the means, their corrections and the rate share is one number.
    scalars(step, learningRate) {
      const spread = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
      return {
        rate: (learningRate * (1 - beta1)) / ((1 - beta1 ** step) * spread),
        epsilon: epsilon / spread,
        decay: learningRate * weightDecay,
      };
    },
    update(x, variable) {
      const { slots, scalars, rateFactor } = variable;
      const gradient = decay === "penalty" ? penalized(x, variable, weightDecay) : variable.gradient;
      const gradients = x.add(x.mul(slots.gradients, beta1), gradient);
      const squares = x.add(x.mul(slots.squares, beta2), x.square(gradient));
      const direction = x.div(gradients, x.add(x.apply("Sqrt", squares), scalars.epsilon));
      const kept = decayed(x, variable, isDecoupled ? scalars.decay : undefined);
      const move = x.mul(direction, scaled(x, scalars.rate, rateFactor));
      return { parameter: x.sub(kept, move), slots: { gradients, squares } };
    },
  };
}
