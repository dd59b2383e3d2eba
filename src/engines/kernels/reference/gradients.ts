// Plain TypeScript of assembly/gradients.ts, in double precision.
import type { BoostingObjective } from "../boosting.js";

export interface Derivatives {
  readonly gradient: number;
  readonly hessian: number;
}

/** By the score of `output`; `scores` are those of one row, `label` a class number or a value. */
export function referenceDerivatives(
  objective: BoostingObjective,
  parameter: number,
  scores: readonly number[],
  label: number,
  output: number,
): Derivatives {
  const score = scores[output]!;
  const difference = score - label;
  switch (objective) {
    case "binary": {
      const p = 1 / (1 + Math.exp(-score));
      return { gradient: p - label, hessian: p * (1 - p) };
    }
    case "multiclass": {
      const total = scores.reduce((sum, other) => sum + Math.exp(other), 0);
      const p = Math.exp(score) / total;
      const factor = scores.length / (scores.length - 1);
      return { gradient: p - (label === output ? 1 : 0), hessian: factor * p * (1 - p) };
    }
    case "squared":
      return { gradient: difference, hessian: 1 };
    case "absolute":
      return { gradient: Math.sign(difference), hessian: 1 };
    case "huber":
      return { gradient: Math.max(-parameter, Math.min(parameter, difference)), hessian: 1 };
    case "quantile":
      return { gradient: difference >= 0 ? 1 - parameter : -parameter, hessian: 1 };
    case "poisson":
      return { gradient: Math.exp(score) - label, hessian: Math.exp(score + parameter) };
    case "tweedie": {
      const low = label * Math.exp((1 - parameter) * score);
      const high = Math.exp((2 - parameter) * score);
      return { gradient: high - low, hessian: (2 - parameter) * high - (1 - parameter) * low };
    }
  }
}
