/** What taggers of all architectures share once they are fitted, and how they are judged while they learn. */

import type { ChainScores } from "../../../../engines/autodiff/index.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { TextSpan } from "../../../../foundation/contracts/structured.js";
import type { FittedStructure } from "../../../../foundation/contracts/structured-trainer.js";
import { spansOfTags, tagNames } from "../../../../foundation/contracts/tag-sequence.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type { FitDiagnostics } from "../../../../foundation/contracts/trainer.js";
import { exportScope, type NetworkTensors, networkAnswers, takeRange } from "../inference.js";
import type { NetworkFunction, Scope, Values } from "../scope.js";
import type { Validation } from "../train-network.js";
import { type JudgedTexts, tokenColumns, tokenTensors, tokenValues } from "./tag-columns.js";
import { likeliestTags, tagLoss } from "./tag-head.js";

/** An architecture: what it reads, and its scores of tag sequences. */
export interface TagNetwork<Shape> {
  /** Last parts of the names of the columns it reads; the last is `spans`. */
  readonly parts: readonly string[];
  scores(scope: Scope, shape: Shape, values: Values): ChainScores;
}

/** A plain value. */
export interface TaggerState<Shape> {
  readonly shape: Shape;
  readonly tensors: NetworkTensors;
  readonly diagnostics: FitDiagnostics;
}

/** The values between layers of a text take much memory. */
const ROWS_AT_ONCE = 32;

export function fittedTagger<Shape>(
  network: TagNetwork<Shape>,
  state: TaggerState<Shape>,
): FittedStructure<TaggerState<Shape>> {
  const { shape, tensors, diagnostics } = state;
  const answer: NetworkFunction<GraphValue> = (scope, values) => {
    const { tags, scores } = likeliestTags(scope, network.scores(scope, shape, values));
    return scope.x.concat([scope.x.graph.op("Cast", [tags], { attributes: { to: { int: 1 } } }), scores], 1);
  };
  const answers = networkAnswers(answer, tensors, ROWS_AT_ONCE);
  return {
    state,
    diagnostics,
    predict(features) {
      const inputs = tokenTensors(tokenColumns(features, network.parts));
      const length = inputs.spans!.shape[1]! / 2;
      return splitAnswers(features.rows === 0 ? new Float32Array() : answers(inputs), features.rows, length);
    },
    emit(graph, columns) {
      const scope = exportScope(graph, tensors);
      return likeliestTags(scope, network.scores(scope, shape, tokenValues(columns)));
    },
  };
}

/** [N, 2 L]: tags, then their probabilities. */
function splitAnswers(answers: Float32Array, rows: number, length: number): Record<string, Tensor> {
  const tags = new BigInt64Array(rows * length);
  const scores = new Float32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    const start = 2 * row * length;
    for (let k = 0; k < length; k++) tags[row * length + k] = BigInt(answers[start + k]!);
    scores.set(answers.subarray(start + length, start + 2 * length), row * length);
  }
  const shape = [rows, length];
  return {
    tags: { type: "int64", shape, data: tags },
    scores: { type: "float32", shape, data: scores },
  };
}

/** How much the mean loss counts beside F1: it decides between equals. */
const LOSS_SHARE = 1e-3;

/** 1 less the span F1 of the pieces' tags, and a little of the loss, so that equals are told apart. */
export function tagValidation<Shape>(
  network: TagNetwork<Shape>,
  shape: Shape,
  { features, truth, labels }: JudgedTexts,
): Validation {
  const inputs = tokenTensors(tokenColumns(features, network.parts));
  const length = inputs.spans!.shape[1]! / 2;
  const all: Record<string, Tensor> = {
    ...inputs,
    truth: { type: "int64", shape: [features.rows, length], data: truth },
  };
  const names = tagNames(labels);
  return {
    inputs: Object.fromEntries(
      Object.entries(all).map(([name, tensor]) => [
        name,
        { type: tensor.type, shape: ["N", ...tensor.shape.slice(1)] },
      ]),
    ),
    outputs(scope, values) {
      const scores = network.scores(scope, shape, values);
      return { tags: likeliestTags(scope, scores).tags, loss: tagLoss(scope, scores, values.truth!) };
    },
    async judge(run) {
      const counts = { right: 0, said: 0, known: 0 };
      let loss = 0;
      for (let start = 0; start < features.rows; start += ROWS_AT_ONCE) {
        const end = Math.min(features.rows, start + ROWS_AT_ONCE);
        const part = Object.entries(all).map(([name, tensor]) => [name, takeRange(tensor, start, end)]);
        const made = await run(Object.fromEntries(part));
        loss += Number((made.loss!.data as Float32Array)[0]) * (end - start);
        countParts(counts, made.tags!.data as BigInt64Array, truth.subarray(start * length, end * length), {
          length,
          names,
          spans: (inputs.spans!.data as Int32Array).subarray(2 * start * length, 2 * end * length),
        });
      }
      const mean = loss / features.rows;
      const f1 = counts.said + counts.known > 0 ? (2 * counts.right) / (counts.said + counts.known) : 1;
      return 1 - f1 + (LOSS_SHARE * mean) / (1 + mean);
    },
  };
}

function countParts(
  counts: { right: number; said: number; known: number },
  tags: BigInt64Array,
  truth: BigInt64Array,
  { length, names, spans }: { length: number; names: readonly string[]; spans: Int32Array },
): void {
  for (let row = 0; row < truth.length / length; row++) {
    const at = row * length;
    let pieces = 0;
    while (pieces < length && spans[2 * (at + pieces) + 1]! > 0) pieces++;
    const named = (codes: BigInt64Array) =>
      Array.from({ length: pieces }, (_, piece) => names[Number(codes[at + piece])]!);
    const key = (span: TextSpan | { start: number; end: number; label: string }) =>
      `${span.start}/${span.end}/${span.label}`;
    const known = new Set(spansOfTags(named(truth)).map(key));
    const said = spansOfTags(named(tags)).map(key);
    counts.known += known.size;
    counts.said += said.length;
    counts.right += said.filter((span) => known.has(span)).length;
  }
}
