/** The fitted network: the same layers make predictions here and in the exported graph. */
import type { Tensor } from "../../../../../foundation/contracts/tensor.js";
import type { Fitted } from "../../../../../foundation/contracts/trainer.js";
import { exportScope, type NetworkTensors, networkAnswers } from "../../inference.js";
import type { NetworkState } from "../../network-kind.js";
import { inOwnUnit, linkedAnswers, predictionsOf } from "../../outcome.js";
import { TABLE } from "../../table-input.js";
import { graphInputs, predictionInputs, textName } from "../text-columns.js";
import { ENCODER, type EncoderShape, encoderScores, headScores, piecesRead } from "./encoder-scores.js";
import { TextVectors } from "./text-vectors.js";

export type EncoderState = NetworkState<EncoderShape>;

/** @param vectors of the state's own encoder, of each text, where some are known already */
export function restoreEncoder(state: EncoderState, vectors?: readonly TextVectors[]): Fitted<EncoderState> {
  const { shape, tensors, outcome } = state;
  const own = encoderTensors(tensors);
  const texts =
    vectors ??
    shape.inputs.texts.map(({ separator }) => {
      return new TextVectors(shape.architecture, own, { longest: piecesRead(shape), separator });
    });
  const answers = networkAnswers(
    (scope, values) =>
      linkedAnswers(
        scope.x,
        headScores(
          scope,
          shape,
          shape.inputs.texts.map((_, k) => values[vectorName(k)]!),
          values,
        ),
        outcome.kind,
      ),
    tensors,
  );
  return {
    state,
    diagnostics: state.diagnostics,
    predict(frame) {
      const inputs = withVectors(predictionInputs(frame, shape.inputs), texts);
      return predictionsOf(outcome, shape.outputs, answers(inputs));
    },
    emit(graph, columns) {
      const scope = exportScope(graph, tensors);
      const scores = encoderScores(scope, shape, graphInputs(graph, columns));
      return inOwnUnit(scope.x, linkedAnswers(scope.x, scores, outcome.kind), outcome);
    },
  };
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
