/** How parameters move along their gradients; each rule is a piece of the training graph. */
import type { GraphValue } from "../../foundation/contracts/graph.js";
import type { Expressions, Operand } from "../onnx/index.js";

export interface Optimizer<Slot extends string = string, Scalar extends string = string> {
  /** Tensors in the shape of the parameter that the rule carries from step to step, 0 at first. */
  readonly slots: readonly Slot[];
  /** The rule looks at rows and columns of a tensor. Absent: at each element alone, so tensors may be cut and joined. */
  readonly wholeTensors?: true;
  /**
   * Numbers that change from step to step, computed in float64 outside the graph. `step` counts from 1;
   * `learningRate` comes from the schedule.
   */
  scalars(step: number, learningRate: number): Readonly<Record<Scalar, number>>;
  update(
    x: Expressions,
    variable: Variable<Slot, Scalar>,
  ): { readonly parameter: GraphValue; readonly slots: Readonly<Record<Slot, GraphValue>> };
}

export interface Variable<Slot extends string, Scalar extends string> {
  readonly parameter: GraphValue;
  readonly gradient: GraphValue;
  readonly slots: Readonly<Record<Slot, GraphValue>>;
  readonly scalars: Readonly<Record<Scalar, GraphValue>>;
  /** Times the learning rate; one number, or one for each element. */
  readonly rateFactor: Operand;
  /** Times the weight decay; one number, or one for each element. */
  readonly decayFactor: Operand;
}

const isOne = (factor: Operand): boolean => factor === 1;
const scaled = (x: Expressions, value: GraphValue, factor: Operand): GraphValue =>
  isOne(factor) ? value : x.mul(value, factor);

export interface AdamWOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

/** Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as torch.optim.AdamW; Adam where it is 0. */
export function adamW({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  weightDecay = 0.01,
}: AdamWOptions = {}): Optimizer<"mean" | "square", "rate" | "scale" | "decay"> {
  return {
    slots: ["mean", "square"],
    scalars: (step, learningRate) => ({
      rate: learningRate / (1 - beta1 ** step),
      scale: 1 / Math.sqrt(1 - beta2 ** step),
      decay: learningRate * weightDecay,
    }),
    update(x, { parameter, gradient, slots, scalars, rateFactor, decayFactor }) {
      const mean = x.add(x.mul(slots.mean, beta1), x.mul(gradient, 1 - beta1));
      const square = x.add(x.mul(slots.square, beta2), x.mul(x.square(gradient), 1 - beta2));
      const spread = x.add(x.mul(x.apply("Sqrt", square), scalars.scale), epsilon);
      const move = x.mul(x.div(mean, spread), scaled(x, scalars.rate, rateFactor));
      const decay = scaled(x, scaled(x, scalars.decay, decayFactor), rateFactor);
      const kept = weightDecay === 0 ? parameter : x.mul(parameter, x.sub(1, decay));
      return { parameter: x.sub(kept, move), slots: { mean, square } };
    },
  };
}

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
    update(x, { parameter, gradient, slots, scalars, rateFactor, decayFactor }) {
      const decay = weightDecay === 0 ? undefined : scaled(x, x.mul(parameter, weightDecay), decayFactor);
      const force = decay ? x.add(gradient, decay) : gradient;
      const rate = scaled(x, scalars.rate, rateFactor);
      if (momentum === 0) return { parameter: x.sub(parameter, x.mul(force, rate)), slots };
      const velocity = x.add(x.mul(slots.velocity, momentum), force);
      const direction = nesterov ? x.add(force, x.mul(velocity, momentum)) : velocity;
      return { parameter: x.sub(parameter, x.mul(direction, rate)), slots: { velocity } };
    },
  };
}

/** The gradients scaled down together where their common norm is above `limit`, as clip_grad_norm_ of PyTorch. */
export function clipByNorm(x: Expressions, gradients: readonly GraphValue[], limit: number): GraphValue[] {
  const squares = gradients.map((gradient) => x.sum(x.square(gradient)));
  const norm = x.apply(
    "Sqrt",
    squares.reduce((sum, square) => x.add(sum, square)),
  );
  const factor = x.min(x.div(limit, x.add(norm, 1e-6)), 1);
  return gradients.map((gradient) => x.mul(gradient, factor));
}
