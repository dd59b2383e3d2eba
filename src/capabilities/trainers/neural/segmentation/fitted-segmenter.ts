import { cast } from "../../../../foundation/contracts/graph.js";
import type { FittedStructure } from "../../../../foundation/contracts/structured-trainer.js";
import { fittedScene, type SceneState } from "../vision/fitted-scene.js";
import { PICTURES } from "../vision/scene-batches.js";
import { pixelScores, type SegmenterShape } from "./unet.js";

export type SegmenterState = SceneState<SegmenterShape>;

const PICTURES_AT_ONCE = 4;

export function fittedSegmenter(trainer: string, state: SegmenterState): FittedStructure<SegmenterState> {
  return fittedScene(
    trainer,
    state,
    (scope, values) => {
      const { graph } = scope.x;
      const attributes = { axis: { int: 1 }, keepdims: { int: 0 } };
      const scores = pixelScores(scope, state.shape, values[PICTURES]!);
      return { mask: cast(graph, graph.op("ArgMax", [scores], { attributes }), "uint8") };
    },
    PICTURES_AT_ONCE,
  );
}
