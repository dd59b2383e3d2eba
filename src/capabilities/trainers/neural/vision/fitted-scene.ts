import type { FittedStructure } from "../../../../foundation/contracts/structured-trainer.js";
import type { FitDiagnostics } from "../../../../foundation/contracts/trainer.js";
import { exportScope, type NetworkTensors, networkResults } from "../inference.js";
import type { NetworkFunction, Values } from "../scope.js";
import { imageTensor } from "./image-inputs.js";
import { PICTURES } from "./scene-batches.js";
import { picturesOf } from "./scene-training.js";

/** A network that learnt what is where in a picture; a plain value. */
export interface SceneState<Shape> {
  readonly shape: Shape;
  readonly tensors: NetworkTensors;
  readonly diagnostics: FitDiagnostics;
}

/**
 * The fitted network: the same layers answer here and in the exported graph.
 * @param network from pictures to the tensors of the answer
 * @param picturesAtOnce what a picture becomes inside takes much memory
 */
export function fittedScene<Shape>(
  trainer: string,
  state: SceneState<Shape>,
  network: NetworkFunction<Values>,
  picturesAtOnce: number,
): FittedStructure<SceneState<Shape>> {
  const { tensors, diagnostics } = state;
  const results = networkResults(network, tensors, { atOnce: picturesAtOnce, multiple: 1 });
  return {
    state,
    diagnostics,
    predict: (features) => results({ [PICTURES]: imageTensor(picturesOf(features, trainer), features.rows) }),
    emit(graph, columns) {
      const picture = columns.find(({ kind }) => kind === "image")!;
      return network(exportScope(graph, tensors), { [PICTURES]: picture.value });
    },
  };
}
