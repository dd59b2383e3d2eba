import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import type { Expressions } from "../../onnx/index.js";
import { decayed, type Optimizer, scaled, type Variable } from "./optimizer.js";

export interface AdafactorOptions {
  /** The averages of step t keep 1 - t^this. */
  readonly decayPower?: number;
  /** Smallest root mean square of a parameter that its steps are in proportion to. */
  readonly smallestScale?: number;
  /** Steps whose root mean square is above this are scaled down to it. */
  readonly clipping?: number;
  readonly weightDecay?: number;
}

type Slot = "rows" | "columns" | "square";
type Scalar = "rate" | "limit" | "fresh" | "decay";

/** Machine epsilon of float32. */
const EPSILON = 2 ** -23;

/**
 * Shazeer and Stern (2018), as torch.optim.Adafactor: squares of gradients are kept as means of rows and columns,
 * so that the state of a matrix is as small as its edges. Steps are relative to the size of each parameter.
 */
export function adafactor({
  decayPower = -0.8,
  smallestScale = 1e-3,
  clipping = 1,
  weightDecay = 0,
}: AdafactorOptions = {}): Optimizer<Slot, Scalar> {
  return {
    slots: ["rows", "columns", "square"],
    wholeTensors: true,
    slotShape: (slot, shape) => {
      if (shape.length < 2) return slot === "square" ? shape : undefined;
      if (slot === "rows") return [...shape.slice(0, -1), 1];
      return slot === "columns" ? [...shape.slice(0, -2), 1, shape.at(-1)!] : undefined;
    },
    scalars: (step, learningRate) => ({
      rate: learningRate,
      limit: 1 / Math.sqrt(step),
      fresh: step ** decayPower,
      decay: learningRate * weightDecay,
    }),
    update(x, variable) {
      const { gradient, parameter, scalars, rateFactor } = variable;
      const { variance, slots } = estimate(x, variable);
      const inverse = x.apply("Reciprocal", x.apply("Sqrt", x.max(variance, EPSILON ** 2)));
      const move = x.mul(gradient, inverse);
      const scale = x.max(rootMeanSquare(x, parameter), smallestScale);
      const brake = x.max(x.div(rootMeanSquare(x, move), clipping), 1);
      const relative = x.min(scaled(x, scalars.rate, rateFactor), scalars.limit);
      const rate = x.div(x.mul(relative, scale), brake);
      const kept = decayed(x, variable, weightDecay === 0 ? undefined : scalars.decay);
      return { parameter: x.sub(kept, x.mul(move, rate)), slots };
    },
  };
}

function rootMeanSquare(x: Expressions, value: GraphValue): GraphValue {
  const count = elementCount(value.shape as readonly number[]);
  return x.mul(x.apply("Sqrt", x.sum(x.square(value))), 1 / Math.sqrt(count));
}

/** Mean squares of the gradient's elements, for matrices from those of their rows and columns. */
function estimate(x: Expressions, { gradient, slots, scalars }: Variable<Slot, Scalar>) {
  const average = (old: GraphValue, next: GraphValue) => x.add(old, x.mul(x.sub(next, old), scalars.fresh));
  const squares = x.square(gradient);
  const rank = gradient.shape.length;
  if (rank < 2) {
    const square = average(slots.square, squares);
    return { variance: square, slots: { square } };
  }
  const rows = average(slots.rows, x.mean(squares, [rank - 1], true));
  const columns = average(slots.columns, x.mean(squares, [rank - 2], true));
  const mean = x.max(x.mean(rows, [rank - 2], true), EPSILON);
  return { variance: x.div(x.matmul(rows, columns), mean), slots: { rows, columns } };
}
