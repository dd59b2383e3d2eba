/** The fitted network: the same layers make predictions here and in the exported graph. */
import type { Tensor } from "../../../../../foundation/contracts/tensor.js";
import type { Fitted } from "../../../../../foundation/contracts/trainer.js";
import { exportScope, type NetworkTensors, networkAnswers } from "../../inference.js";
import type { NetworkState } from "../../network-kind.js";
import { inOwnUnit, linkedAnswers, predictionsOf } from "../../outcome.js";
import { VectorCache } from "../../pretrained/vector-cache.js";
import { graphInputs, type ImageInputs, imageName, predictionInputs } from "../image-inputs.js";
import { BACKBONE, type ImageEncoderShape, imageEncoderScores, vectorName } from "./encoder-scores.js";
import { PictureVectors } from "./picture-vectors.js";

export type ImageEncoderState = NetworkState<ImageEncoderShape>;

/** @param vectors of the state's own network, where some are known already */
export function restoreImageEncoder(
  state: ImageEncoderState,
  vectors?: PictureVectors | null,
): Fitted<ImageEncoderState> {
  const { shape, tensors, outcome, diagnostics } = state;
  const { architecture, inputs, outputs } = shape;
  const own = () =>
    architecture &&
    new PictureVectors(architecture, backboneTensors(tensors), new VectorCache(architecture.width));
  const pictures = vectors ?? own();
  const answers = networkAnswers(
    (scope, values) => linkedAnswers(scope.x, imageEncoderScores(scope, shape, values), outcome.kind),
    tensors,
  );
  return {
    state,
    diagnostics,
    predict: (features) =>
      predictionsOf(
        outcome,
        outputs,
        answers(withVectors(predictionInputs(features, inputs), inputs, pictures)),
      ),
    emit(graph, columns) {
      const scope = exportScope(graph, tensors);
      const scores = imageEncoderScores(scope, shape, graphInputs(graph, columns));
      return inOwnUnit(scope.x, linkedAnswers(scope.x, scores, outcome.kind), outcome);
    },
  };
}

/** The inputs with a vector in place of each image. @param vectors null where there are no images */
export function withVectors(
  tensors: Readonly<Record<string, Tensor>>,
  { images }: ImageInputs,
  vectors: PictureVectors | null,
): Record<string, Tensor> {
  const made = images.map((_, k): [string, Tensor] => [vectorName(k), vectors!.of(tensors[imageName(k)]!)]);
  const pictured = new Set(images.map((_, k) => imageName(k)));
  return Object.fromEntries([...made, ...Object.entries(tensors).filter(([name]) => !pictured.has(name))]);
}

const PREFIX = `${BACKBONE}.`;

/** Those of the pretrained network, by the names of its file. */
function backboneTensors(tensors: NetworkTensors): NetworkTensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(PREFIX));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(PREFIX.length), tensor]));
}

export function placedTensors(tensors: NetworkTensors): NetworkTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${PREFIX}${name}`, tensor]));
}
