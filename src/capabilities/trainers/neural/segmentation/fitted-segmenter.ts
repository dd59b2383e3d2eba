import { cast } from "../../../../foundation/contracts/graph.js";
import type { FittedStructure } from "../../../../foundation/contracts/structured-trainer.js";
import type { FitDiagnostics } from "../../../../foundation/contracts/trainer.js";
import { exportScope, type NetworkTensors, networkResults } from "../inference.js";
import type { NetworkFunction, Values } from "../scope.js";
import { imageTensor } from "../vision/image-inputs.js";
import { PICTURES } from "../vision/scene-batches.js";
import { picturesOf } from "../vision/scene-training.js";
import { pixelScores, type SegmenterShape } from "./unet.js";

/** A plain value. */
export interface SegmenterState {
  readonly shape: SegmenterShape;
  readonly tensors: NetworkTensors;
  readonly diagnostics: FitDiagnostics;
}

/** The views of a picture take much memory. */
const PICTURES_AT_ONCE = 4;

/** The fitted network: the same layers name pixels here and in the exported graph. */
export function fittedSegmenter(trainer: string, state: SegmenterState): FittedStructure<SegmenterState> {
  const { shape, tensors, diagnostics } = state;
  const network: NetworkFunction<Values> = (scope, values) => {
    const { graph } = scope.x;
    const attributes = { axis: { int: 1 }, keepdims: { int: 0 } };
    const scores = pixelScores(scope, shape, values[PICTURES]!);
    return { mask: cast(graph, graph.op("ArgMax", [scores], { attributes }), "uint8") };
  };
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
