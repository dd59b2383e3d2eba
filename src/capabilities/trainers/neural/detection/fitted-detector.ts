import type { FittedStructure } from "../../../../foundation/contracts/structured-trainer.js";
import { fittedScene, type SceneState } from "../vision/fitted-scene.js";
import { PICTURES } from "../vision/scene-batches.js";
import { decodeBoxes } from "./decode-boxes.js";
import { type DetectorShape, detectorMaps } from "./detector-network.js";

export type DetectorState = SceneState<DetectorShape>;

const PICTURES_AT_ONCE = 8;

export function fittedDetector(trainer: string, state: DetectorState): FittedStructure<DetectorState> {
  const { shape } = state;
  return fittedScene(
    trainer,
    state,
    (scope, values) => ({ ...decodeBoxes(scope.x, detectorMaps(scope, shape, values[PICTURES]!), shape) }),
    PICTURES_AT_ONCE,
  );
}
