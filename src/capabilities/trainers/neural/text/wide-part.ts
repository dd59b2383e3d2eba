/**
 * The wide part of a network that reads (Cheng et al., 2016: wide and deep): a linear model of which terms a text has,
 * weighed by how rare they are and brought to length 1 (TF-IDF of distinct terms), and of the other features. It is convex, so it
 * is solved before the network learns instead of by its small steps, which rare terms would overrun.
 */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../../../../foundation/contracts/tensor.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { minimize } from "../../numeric/lbfgs.js";
import type { PointwiseLoss } from "../../numeric/linear-objective.js";
import { sigmoid, softplus } from "../../numeric/links.js";
import { createCheckpoint } from "../../numeric/pace.js";
import { multinomialLogLoss } from "../../numeric/pointwise-losses.js";
import type { NetworkTensor, NetworkTensors } from "../inference.js";
import { zeros } from "../initializers.js";
import type { Scope, Values } from "../scope.js";
import { TABLE } from "../table-input.js";
import { createTermRows, type TermRows } from "./term-rows.js";
import { sumOverTerms } from "./terms.js";
import { type TextInputs, textName } from "./text-columns.js";

const WIDE = "wide";

export interface WideShape {
  readonly inputs: TextInputs;
  /** Classes, or 1. */
  readonly outputs: number;
  /** Of pairs of the wide part. */
  readonly widePairBuckets: number;
}

/** Scores before the link, [N, outputs], of the inputs of `text-columns`. */
export function wideScores(scope: Scope, shape: WideShape, values: Values): GraphValue {
  const { x } = scope;
  const { inputs, outputs, widePairBuckets: buckets } = shape;
  const wide = scope.at(WIDE);
  const bias = wide.statistic("bias", [outputs], zeros);
  const parts = inputs.texts.map(({ vocabulary }, k) => {
    const table = wide.statistic(textName(k), [vocabulary + buckets, outputs + 1], zeros);
    const sums = sumOverTerms(x, values[textName(k)]!, table, { vocabulary, buckets });
    const [scores, squares] = x.split(sums, [outputs, 1], 1);
    return x.div(scores!, x.apply("Sqrt", x.max(squares!, LEAST_SQUARES)));
  });
  const table = values[TABLE];
  if (table) parts.push(x.matmul(table, wide.statistic(TABLE, [inputs.features, outputs], zeros)));
  return parts.reduce((sum, part) => x.add(sum, part), bias);
}
/** Of a text without any known term, whose scores are 0. */
const LEAST_SQUARES = 1e-6;

/** Of half the squares of the coefficients, beside the sum of the losses of all rows. */
const STRENGTH = 1 / 1.5;
const TOLERANCE = 1e-5;
const MOST_ITERATIONS = 150;

export interface WideData {
  /** By the names of `text-columns`, with `truth` and, where rows have weights, `weights`. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly shape: WideShape;
}

/** The parameters of `wideScores`. Stops with the reason of `context.signal`. */
export async function fitWidePart(
  { tensors, shape }: WideData,
  context: TrainingContext,
): Promise<NetworkTensors> {
  const rows = createTermRows(tensors, shape);
  const { outputs } = shape;
  const weights = tensors.weights?.data as Float32Array | undefined;
  const minimum = await minimize({
    start: new Float64Array((rows.width + 1) * outputs),
    evaluate: objective(rows, lossOf(tensors.truth!, outputs), weights),
    tolerance: TOLERANCE,
    maxIterations: MOST_ITERATIONS,
    checkpoint: createCheckpoint(context, "wide", MOST_ITERATIONS),
  });
  return tensorsOf(rows, shape, minimum.point);
}

/** Mean loss with a penalty of squares; coefficients are [width, outputs], then the biases, which cost nothing. */
function objective(rows: TermRows, loss: PointwiseLoss, weights: Float32Array | undefined) {
  const { outputs } = loss;
  const { width, starts, columns, values } = rows;
  const count = starts.length - 1;
  const strength = STRENGTH / count;
  const [scores, residuals] = [new Float64Array(outputs), new Float64Array(outputs)];
  return (point: Float64Array, gradient: Float64Array): number => {
    let total = 0;
    for (let k = 0; k < width * outputs; k++) {
      gradient[k] = strength * point[k]!;
      total += (strength * point[k]! ** 2) / 2;
    }
    gradient.fill(0, width * outputs);
    for (let row = 0; row < count; row++) {
      for (let k = 0; k < outputs; k++) scores[k] = point[width * outputs + k]!;
      for (let at = starts[row]!; at < starts[row + 1]!; at++) {
        const base = columns[at]! * outputs;
        for (let k = 0; k < outputs; k++) scores[k]! += values[at]! * point[base + k]!;
      }
      const share = (weights?.[row] ?? 1) / count;
      total += share * loss.evaluate(row, scores, residuals);
      for (let k = 0; k < outputs; k++) {
        residuals[k]! *= share;
        gradient[width * outputs + k]! += residuals[k]!;
      }
      for (let at = starts[row]!; at < starts[row + 1]!; at++) {
        const base = columns[at]! * outputs;
        for (let k = 0; k < outputs; k++) gradient[base + k]! += values[at]! * residuals[k]!;
      }
    }
    return total;
  };
}

function lossOf({ type, data }: Tensor, outputs: number): PointwiseLoss {
  if (type === "int64") return multinomialLogLoss(Int32Array.from(data as BigInt64Array, Number), outputs);
  const truth = data as Int32Array | Float32Array;
  const isFlag = type === "int32";
  return {
    outputs,
    evaluate(row, scores, residuals) {
      let sum = 0;
      for (let k = 0; k < outputs; k++) {
        const [score, wanted] = [scores[k]!, truth[row * outputs + k]!];
        residuals[k] = (isFlag ? sigmoid(score) : score) - wanted;
        sum += isFlag ? softplus(score) - wanted * score : residuals[k]! ** 2 / 2;
      }
      return sum;
    },
  };
}

function tensorsOf(rows: TermRows, { inputs, outputs, widePairBuckets }: WideShape, point: Float64Array) {
  const tensors: Record<string, NetworkTensor> = {};
  const add = (name: string, shape: readonly number[]): Float32Array => {
    const values = new Float32Array(elementCount(shape));
    tensors[`${WIDE}.${name}`] = { shape, values };
    return values;
  };
  const coefficient = (column: number, k: number) => point[column * outputs + k]!;
  add("bias", [outputs]).set(point.subarray(rows.width * outputs));
  for (const [text, { vocabulary }] of inputs.texts.entries()) {
    const table = add(textName(text), [vocabulary + widePairBuckets, outputs + 1]);
    for (const { term, column, rarity } of rows.terms[text]!) {
      for (let k = 0; k < outputs; k++) {
        table[term * (outputs + 1) + k] = rarity * coefficient(column, k);
      }
      table[term * (outputs + 1) + outputs] = rarity ** 2;
    }
  }
  if (inputs.features > 0) {
    const first = rows.width - inputs.features;
    const table = add(TABLE, [inputs.features, outputs]);
    for (let k = 0; k < table.length; k++) {
      table[k] = coefficient(first + Math.floor(k / outputs), k % outputs);
    }
  }
  return tensors;
}
