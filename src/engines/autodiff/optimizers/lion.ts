import { blended, decayed, type Optimizer, scaled } from "./optimizer.js";

export interface LionOptions {
  /** Share of the mean in the direction of a step. */
  readonly beta1?: number;
  /** Share of the old mean in the new one. */
  readonly beta2?: number;
  readonly weightDecay?: number;
}

/** Chen et al. (2023), "Symbolic discovery of optimization algorithms", program 1: moves by signs alone. */
export function lion({
  beta1 = 0.9,
  beta2 = 0.99,
  weightDecay = 0,
}: LionOptions = {}): Optimizer<"mean", "rate" | "decay"> {
  return {
    slots: ["mean"],
    scalars: (_, learningRate) => ({ rate: learningRate, decay: learningRate * weightDecay }),
    update(x, variable) {
      const { gradient, slots, scalars, rateFactor } = variable;
      const direction = x.apply("Sign", blended(x, slots.mean, gradient, beta1));
      const kept = decayed(x, variable, weightDecay === 0 ? undefined : scalars.decay);
      const move = x.mul(direction, scaled(x, scalars.rate, rateFactor));
      return { parameter: x.sub(kept, move), slots: { mean: blended(x, slots.mean, gradient, beta2) } };
    },
  };
}
