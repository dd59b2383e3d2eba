import type { SelectedBoxes } from "../../../../foundation/contracts/box-graph.js";
import type { FittedStructure } from "../../../../foundation/contracts/structured-trainer.js";
import type { FitDiagnostics } from "../../../../foundation/contracts/trainer.js";
import { exportScope, type NetworkTensors, networkResults } from "../inference.js";
import type { NetworkFunction } from "../scope.js";
import { imageTensor } from "../vision/image-inputs.js";
import { PICTURES } from "../vision/scene-batches.js";
import { picturesOf } from "../vision/scene-training.js";
import { decodeBoxes } from "./decode-boxes.js";
import { type DetectorShape, detectorMaps } from "./detector-network.js";

/** A plain value. */
export interface DetectorState {
  readonly shape: DetectorShape;
  readonly tensors: NetworkTensors;
  readonly diagnostics: FitDiagnostics;
}

/** The maps of a picture take much memory. */
const PICTURES_AT_ONCE = 8;

/** The fitted network: the same layers find boxes here and in the exported graph. */
export function fittedDetector(trainer: string, state: DetectorState): FittedStructure<DetectorState> {
  const { shape, tensors, diagnostics } = state;
  const network: NetworkFunction<{ [Name in keyof SelectedBoxes]: SelectedBoxes[Name] }> = (scope, values) =>
    decodeBoxes(scope.x, detectorMaps(scope, shape, values[PICTURES]!), shape);
  const results = networkResults(network, tensors, { atOnce: PICTURES_AT_ONCE, multiple: 1 });
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
