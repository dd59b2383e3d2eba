/** What networks learn by, and are judged by. */
import { binaryCrossEntropy, crossEntropy, squaredError } from "../../../engines/autodiff/index.js";
import type { Expressions } from "../../../engines/onnx/index.js";
import { cast, type GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { rowsByLength, takeInputs } from "./answers-by-length.js";
import { nextRows, SHARE } from "./augmentation/mixup.js";
import { takeRange } from "./inference.js";
import { answersOf, type NetworkKind, type ScoredShape } from "./network-kind.js";
import { meanLoss, type NetworkOutcome, type NetworkRows } from "./outcome.js";
import type { NetworkFunction } from "./scope.js";
import type { NetworkTraining, Validation } from "./train-network.js";

/**
 * Mean over the batch, summed over members where there are some. Inputs: those of the network, `truth` and, where rows
 * have weights, `weights`, each with one dimension of members before the rows where these see rows of their own. With a
 * share of mixup a row is as much of its truth as of itself, else of the next row's.
 * @param scores before the link
 */
export function scoreLoss(
  scores: NetworkFunction<GraphValue>,
  labelSmoothing: number,
): NetworkFunction<GraphValue> {
  return (scope, { truth, weights, ...values }) => {
    const { x } = scope;
    const made = scores(scope, values);
    const own = rowLosses(x, made, truth!, labelSmoothing);
    const share = values[SHARE];
    if (!share) return batchLoss(x, own, weights);
    const rowAxis = truth!.shape.length - (truth!.type === "int64" ? 1 : 2);
    const others = rowLosses(x, made, nextRows(x, truth!, rowAxis), labelSmoothing);
    return batchLoss(x, x.add(x.mul(own, share), x.mul(others, x.sub(1, share))), weights);
  };
}

/** Of scores [B, outputs] or [M, B, outputs]: [B], or [M, B]. Members that see the same rows share their truth. */
function rowLosses(
  x: Expressions,
  scores: GraphValue,
  truth: GraphValue,
  labelSmoothing: number,
): GraphValue {
  const rows = scores.shape.slice(0, -1) as readonly number[];
  if (truth.type === "int32") {
    const flags = cast(x.graph, truth, "float32");
    return x.mean(binaryCrossEntropy(x, scores, flags, { labelSmoothing }), [rows.length]);
  }
  if (truth.type !== "int64") return x.reshape(squaredError(x, scores, truth), rows);
  const codes = rows.length > truth.shape.length ? x.expand(truth, rows) : truth;
  return crossEntropy(x, scores, codes, { labelSmoothing });
}

/** A scalar. The sum over members leaves each with the gradient it would have alone. */
function batchLoss(x: Expressions, losses: GraphValue, weights: GraphValue | undefined): GraphValue {
  const weighted = weights ? x.mul(losses, weights) : losses;
  const byMember = x.mean(weighted, [weighted.shape.length - 1]);
  return byMember.shape.length === 0 ? byMember : x.sum(byMember);
}

export interface Objective<Shape extends ScoredShape> {
  readonly shape: Shape;
  readonly outcome: NetworkOutcome;
  readonly labelSmoothing: number;
  readonly validation: NetworkRows | undefined;
}

/** What a training of the network works towards, and is judged by where there are rows for it. */
export function objectiveOf<Shape extends ScoredShape>(
  kind: NetworkKind<Shape>,
  { shape, outcome, labelSmoothing, validation: data }: Objective<Shape>,
): Pick<NetworkTraining, "loss" | "validation"> {
  const loss = scoreLoss((scope, values) => kind.scores(scope, shape, values), labelSmoothing);
  if (!data) return { loss };
  const tensors = kind.inputs(data.features, shape);
  const { outputs } = shape;
  const texts = kind.texts?.(shape) ?? [];
  const judged = { tensors, data, outputs, outcome, texts, rowsAtOnce: kind.rowsAtOnce?.(shape) };
  return { loss, validation: scoreValidation(answersOf(kind, shape, outcome), judged) };
}

export interface JudgedRows {
  /** Inputs of the network; first dimensions count the rows. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly data: NetworkRows;
  /** Classes, or 1. */
  readonly outputs: number;
  readonly outcome: NetworkOutcome;
  /** Names of tensors that are texts; short ones are judged by short graphs. Default: none. */
  readonly texts?: readonly string[];
  /** Absent: all. */
  readonly rowsAtOnce?: number | undefined;
}

/**
 * Judges by mean log loss, or mean squared error of the standardised target.
 * @param answers after the link, [N, outputs]
 */
export function scoreValidation(
  answers: NetworkFunction<GraphValue>,
  { tensors, data, outputs, outcome, texts = [], rowsAtOnce }: JudgedRows,
): Validation {
  const { rows } = data.features;
  const count = rowsAtOnce ?? rows;
  const parts = judgedParts(tensors, texts);
  const [inputs, ...further] = parts.map((part) => {
    const ports = Object.entries(part.tensors).map(([name, { type, shape }]) => {
      return [name, { type, shape: ["N", ...shape.slice(1)] }] as const;
    });
    return Object.fromEntries(ports);
  });
  return {
    inputs: inputs!,
    further,
    outputs: (scope, values) => ({ answers: answers(scope, values) }),
    async judge(run) {
      const answered = new Float32Array(rows * outputs);
      for (const [form, { rows: own, tensors: given }] of parts.entries()) {
        for (let start = 0; start < own.length; start += count) {
          const end = Math.min(own.length, start + count);
          const part = Object.entries(given).map(([name, tensor]) => [name, takeRange(tensor, start, end)]);
          const { data: made } = (await run(Object.fromEntries(part), form)).answers!;
          for (let row = start; row < end; row++) {
            const from = (row - start) * outputs;
            answered.set((made as Float32Array).subarray(from, from + outputs), own[row]! * outputs);
          }
        }
      }
      return meanLoss(answered, outputs, data, outcome);
    },
  };
}

/** Rows that are judged by one graph, and what it sees of them. */
function judgedParts(
  tensors: Readonly<Record<string, Tensor>>,
  texts: readonly string[],
): { readonly rows: Int32Array; readonly tensors: Readonly<Record<string, Tensor>> }[] {
  if (texts.length > 0) {
    const parts = rowsByLength(texts.map((name) => tensors[name]!));
    return parts.map((part) => ({ rows: part.rows, tensors: takeInputs(tensors, texts, part) }));
  }
  const rows = Object.values(tensors)[0]!.shape[0]!;
  return [{ rows: Int32Array.from({ length: rows }, (_, row) => row), tensors }];
}
