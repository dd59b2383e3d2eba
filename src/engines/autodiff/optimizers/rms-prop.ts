import { blended, type Optimizer, penalized, scaled } from "./optimizer.js";

export interface RmsPropOptions {
  /** How much of the moving averages a step keeps. */
  readonly decay?: number;
  readonly epsilon?: number;
  readonly momentum?: number;
  /** Divides by the deviation from the mean gradient (Graves, 2013). */
  readonly centred?: boolean;
  readonly weightDecay?: number;
}

/** Tieleman and Hinton (2012), as torch.optim.RMSprop. */
export function rmsProp({
  decay = 0.99,
  epsilon = 1e-8,
  momentum = 0,
  centred = false,
  weightDecay = 0,
}: RmsPropOptions = {}): Optimizer<"square" | "mean" | "velocity", "rate"> {
  return {
    slots: ["square", ...(centred ? ["mean" as const] : []), ...(momentum > 0 ? ["velocity" as const] : [])],
    scalars: (_, learningRate) => ({ rate: learningRate }),
    update(x, variable) {
      const { parameter, slots, scalars, rateFactor } = variable;
      const gradient = penalized(x, variable, weightDecay);
      const square = blended(x, slots.square, x.square(gradient), decay);
      const mean = centred ? blended(x, slots.mean, gradient, decay) : undefined;
      const variance = mean ? x.sub(square, x.square(mean)) : square;
      const move = x.div(gradient, x.add(x.apply("Sqrt", variance), epsilon));
      const velocity = momentum > 0 ? x.add(x.mul(slots.velocity, momentum), move) : undefined;
      const rate = scaled(x, scalars.rate, rateFactor);
      return {
        parameter: x.sub(parameter, x.mul(velocity ?? move, rate)),
        slots: { square, ...(mean ? { mean } : {}), ...(velocity ? { velocity } : {}) },
      };
    },
  };
}
