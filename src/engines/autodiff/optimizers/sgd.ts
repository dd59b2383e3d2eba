import { type Optimizer, penalized, scaled } from "./optimizer.js";

export interface SgdOptions {
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
}

/** Gradient descent with momentum (Sutskever et al., 2013), as torch.optim.SGD: decay is added to the gradient. */
export function sgd({
  momentum = 0,
  nesterov = false,
  weightDecay = 0,
}: SgdOptions = {}): Optimizer<"velocity", "rate"> {
  return {
    slots: momentum === 0 ? [] : ["velocity"],
    scalars: (_, learningRate) => ({ rate: learningRate }),
    update(x, variable) {
      const { parameter, slots, scalars, rateFactor } = variable;
      const force = penalized(x, variable, weightDecay);
      const rate = scaled(x, scalars.rate, rateFactor);
      if (momentum === 0) return { parameter: x.sub(parameter, x.mul(force, rate)), slots: {} };
      const velocity = x.add(x.mul(slots.velocity, momentum), force);
      const direction = nesterov ? x.add(force, x.mul(velocity, momentum)) : velocity;
      return { parameter: x.sub(parameter, x.mul(direction, rate)), slots: { velocity } };
    },
  };
}
