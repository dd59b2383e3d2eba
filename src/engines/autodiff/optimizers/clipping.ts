/** Gradients kept within bounds (Pascanu, Mikolov and Bengio, 2013). */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions } from "../../onnx/index.js";
import type { Optimizer } from "./optimizer.js";

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

/** The optimizer with each element of the gradients within [-limit, limit], as clip_grad_value_ of PyTorch. */
export function boundedGradients<Slot extends string, Scalar extends string>(
  optimizer: Optimizer<Slot, Scalar>,
  limit: number,
): Optimizer<Slot, Scalar> {
  return {
    ...optimizer,
    update(x, variable) {
      const bounds = [-limit, limit].map((bound) => x.graph.scalar(bound, variable.gradient.type));
      const gradient = x.graph.op("Clip", [variable.gradient, ...bounds]);
      return optimizer.update(x, { ...variable, gradient });
    },
  };
}
