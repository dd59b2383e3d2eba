/** The fitted network: the same layers make predictions here and in the exported graph. */
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../../foundation/contracts/tensor.js";
import type { Fitted } from "../../../../../foundation/contracts/trainer.js";
import { exportScope, type NetworkTensors, networkAnswers } from "../../inference.js";
import type { NetworkState } from "../../network-kind.js";
import { inOwnUnit, linkedAnswers, predictionsOf } from "../../outcome.js";
import type { Scope, Values } from "../../scope.js";
import { TABLE } from "../../table-input.js";
import { graphInputs, predictionInputs, textName } from "../text-columns.js";
import { OFFSETS } from "../text-network.js";
import { wideOffsets } from "../wide-offsets.js";
import { wideScores } from "../wide-part.js";
import {
  ENCODER,
  type EncoderShape,
  encoderScores,
  headScores,
  piecesRead,
  wideShapeOf,
  withWideShare,
} from "./encoder-scores.js";
import { TextVectors } from "./text-vectors.js";

export type EncoderState = NetworkState<EncoderShape>;

/** @param vectors of the state's own encoder, of each text, where some are known already */
export function restoreEncoder(
  state: EncoderState,
  vectors = vectorsFor(state.shape, state.tensors),
): Fitted<EncoderState> {
  const { shape, tensors, outcome } = state;
  const answers = networkAnswers((scope, values) => {
    const scores = withWideShare(scope, vectorScores(scope, shape, values), shape, () => values[OFFSETS]!);
    return linkedAnswers(scope.x, scores, outcome.kind);
  }, tensors);
  return {
    state,
    diagnostics: state.diagnostics,
    predict(frame) {
      const given = predictionInputs(frame, shape.inputs);
      const wide: Record<string, Tensor> = shape.wideShare
        ? { [OFFSETS]: wideOffsets(tensors, wideShapeOf(shape), given) }
        : {};
      const made = answers({ ...withVectors(given, vectors), ...wide });
      return predictionsOf(outcome, shape.outputs, made);
    },
    emit(graph, columns) {
      const scope = exportScope(graph, tensors);
      const inputs = graphInputs(graph, columns);
      const wide = () => wideScores(scope, wideShapeOf(shape), inputs);
      const scores = withWideShare(scope, encoderScores(scope, shape, inputs), shape, wide);
      return inOwnUnit(scope.x, linkedAnswers(scope.x, scores, outcome.kind), outcome);
    },
  };
}

/** Scores of the encoder alone before the link, float32 [rows, outputs], of the inputs of `text-columns`. */
export function scoresOf(
  { shape, tensors }: EncoderState,
  vectors = vectorsFor(shape, tensors),
): (inputs: Readonly<Record<string, Tensor>>) => Float32Array {
  const answers = networkAnswers((scope, values) => vectorScores(scope, shape, values), tensors);
  return (inputs) => answers(withVectors(inputs, vectors));
}

function vectorsFor(shape: EncoderShape, tensors: NetworkTensors): readonly TextVectors[] {
  const own = encoderTensors(tensors);
  return shape.inputs.texts.map(({ separator }) => {
    return new TextVectors(shape.architecture, own, { longest: piecesRead(shape), separator });
  });
}

/** Scores of the encoder before the link, [N, outputs], of the table and a vector for each text. */
export function vectorScores(scope: Scope, shape: EncoderShape, values: Values): GraphValue {
  const vectors = shape.inputs.texts.map((_, k) => values[vectorName(k)]!);
  return headScores(scope, shape, vectors, values);
}

export const vectorName = (index: number): string => `vector-${index}`;

/** The table and, in place of each text's tokens, its vector. */
export function withVectors(
  tensors: Readonly<Record<string, Tensor>>,
  vectors: readonly TextVectors[],
): Record<string, Tensor> {
  const made = vectors.map((known, k): [string, Tensor] => [vectorName(k), known.of(tensors[textName(k)]!)]);
  const table = tensors[TABLE];
  return Object.fromEntries([...(table ? [[TABLE, table] as [string, Tensor]] : []), ...made]);
}

/** Those of the encoder, without its name before theirs. */
export function encoderTensors(tensors: NetworkTensors): NetworkTensors {
  const prefix = `${ENCODER}.`;
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
