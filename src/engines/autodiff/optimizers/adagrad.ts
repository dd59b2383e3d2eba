import { type Optimizer, penalized, scaled } from "./optimizer.js";

export interface AdagradOptions {
  /** The rate of step t is divided by 1 + (t - 1) times this. */
  readonly rateDecay?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

/** Duchi, Hazan and Singer (2011), as torch.optim.Adagrad. */
export function adagrad({
  rateDecay = 0,
  epsilon = 1e-10,
  weightDecay = 0,
}: AdagradOptions = {}): Optimizer<"squares", "rate"> {
  return {
    slots: ["squares"],
    scalars: (step, learningRate) => ({ rate: learningRate / (1 + (step - 1) * rateDecay) }),
    update(x, variable) {
      const { parameter, scalars, rateFactor } = variable;
      const gradient = penalized(x, variable, weightDecay);
      const squares = x.add(variable.slots.squares, x.square(gradient));
      const move = x.div(gradient, x.add(x.apply("Sqrt", squares), epsilon));
      const rate = scaled(x, scalars.rate, rateFactor);
      return { parameter: x.sub(parameter, x.mul(move, rate)), slots: { squares } };
    },
  };
}
