import type { Expressions } from "../../../../engines/onnx/index.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";

export type Activation = "relu" | "relu6" | "selu" | "silu" | "gelu" | "gelu-tanh" | "tanh" | "sigmoid";

/** Element by element; any shape. */
export function activate(x: Expressions, value: GraphValue, activation: Activation): GraphValue {
  switch (activation) {
    case "relu":
      return x.apply("Relu", value);
    case "relu6":
      return x.min(x.apply("Relu", value), 6);
    case "selu":
      return x.apply("Selu", value);
    case "silu":
      return x.mul(value, x.apply("Sigmoid", value));
    case "gelu": {
      // Hendrycks and Gimpel (2016), exactly: x Phi(x).
      const share = x.add(x.apply("Erf", x.mul(value, Math.SQRT1_2)), 1);
      return x.mul(x.mul(value, 0.5), share);
    }
    case "gelu-tanh": {
      // Hendrycks and Gimpel (2016), their approximation.
      const cube = x.mul(x.mul(value, value), x.mul(value, 0.044715));
      const tanh = x.apply("Tanh", x.mul(x.add(value, cube), Math.sqrt(2 / Math.PI)));
      return x.mul(x.mul(value, 0.5), x.add(tanh, 1));
    }
    case "tanh":
      return x.apply("Tanh", value);
    case "sigmoid":
      return x.apply("Sigmoid", value);
  }
}

/** x / sqrt(1 + (x/3)^2): within 3 and close to x around 0 (Holzmueller et al., 2024). */
export function smoothClip(x: Expressions, value: GraphValue): GraphValue {
  return x.div(value, x.apply("Sqrt", x.add(x.mul(x.mul(value, value), 1 / 9), 1)));
}
