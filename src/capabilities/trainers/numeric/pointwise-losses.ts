import type { PointwiseLoss } from "./linear-objective.js";

/** log(1 + exp(-y score)), y = +1 for code 1 and -1 for code 0. */
export function binaryLogLoss(codes: Int32Array): PointwiseLoss {
  return {
    outputs: 1,
    evaluate(row, scores, residuals) {
      const positive = codes[row]! === 1;
      // Loss log(1 + e^s) and residual 1 / (1 + e^-s) of the signed score, from one exponential.
      const signed = positive ? -scores[0]! : scores[0]!;
      const exponential = Math.exp(-Math.abs(signed));
      const share = signed > 0 ? 1 / (1 + exponential) : exponential / (1 + exponential);
      residuals[0] = positive ? -share : share;
      return Math.max(signed, 0) + Math.log1p(exponential);
    },
  };
}

/** Cross-entropy of the softmax of one score a class. */
export function multinomialLogLoss(codes: Int32Array, classes: number): PointwiseLoss {
  return {
    outputs: classes,
    evaluate(row, scores, residuals) {
      let greatest = scores[0]!;
      for (let k = 1; k < classes; k++) if (scores[k]! > greatest) greatest = scores[k]!;
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        const exponential = Math.exp(scores[k]! - greatest);
        residuals[k] = exponential;
        sum += exponential;
      }
      for (let k = 0; k < classes; k++) residuals[k]! /= sum;
      const code = codes[row]!;
      residuals[code]! -= 1;
      return Math.log(sum) + greatest - scores[code]!;
    },
  };
}

/** Sum over outputs of max(0, 1 - y score)^2: one class against the others; binary: class 1 against class 0. */
export function squaredHingeLoss(codes: Int32Array, classes: number): PointwiseLoss {
  const outputs = classes === 2 ? 1 : classes;
  return {
    outputs,
    evaluate(row, scores, residuals) {
      let total = 0;
      for (let k = 0; k < outputs; k++) {
        const sign = codes[row] === (outputs === 1 ? 1 : k) ? 1 : -1;
        const slack = 1 - sign * scores[k]!;
        residuals[k] = slack > 0 ? -2 * sign * slack : 0;
        if (slack > 0) total += slack * slack;
      }
      return total;
    },
  };
}
