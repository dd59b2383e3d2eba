import type { PictureBox } from "../../../../foundation/contracts/structured.js";
import type { StructuredRows } from "../../../../foundation/contracts/structured-trainer.js";
import { type Corners, type Placement, placeBox } from "../vision/augment-scene.js";
import type { Scenes } from "../vision/scene-batches.js";
import { picturesOf } from "../vision/scene-training.js";
import { TRUTH_MAPS } from "./detector-loss.js";
import { type DetectorShape, gridOf } from "./detector-network.js";
import { type PlacedBox, writeTruthMaps } from "./truth-maps.js";

/** Of a box that was cut at the border, the share that must still be seen for it to be an object … */
const WHOLE_ENOUGH = 0.4;
/** … or to be undecided, rather than nothing. */
const HARDLY_SEEN = 0.05;

/** Pictures with what the detector is to say at every place. @throws QuernError TRAINING_FAILED naming `trainer` */
export function detectionScenes(
  trainer: string,
  { features, target }: StructuredRows<"detection">,
  shape: DetectorShape,
): Scenes {
  const grid = gridOf(shape);
  const { rows, columns } = grid;
  const { heat, reaches, weights } = TRUTH_MAPS;
  const map = (channels: number) => ({ type: "float32" as const, shape: [channels, rows, columns] });
  return {
    pictures: picturesOf(features, trainer),
    rows: features.rows,
    truth: { [heat]: map(shape.classes), [reaches]: map(4), [weights]: map(1) },
    writeTruth(row, placement, parts) {
      const maps = { heat: parts[heat], reaches: parts[reaches], weights: parts[weights] };
      writeTruthMaps(
        placedBoxes(target.rows[row]!, placement),
        grid,
        maps as Record<keyof typeof maps, Float32Array>,
      );
    },
  };
}

export const cornersOf = ({ x, y, width, height }: PictureBox): Corners => [x, y, x + width, y + height];

function placedBoxes(boxes: readonly PictureBox[], placement: Placement): PlacedBox[] {
  return boxes.flatMap((box) => {
    const { corners, seen } = placeBox(cornersOf(box), placement);
    if (seen < HARDLY_SEEN) return [];
    return [{ label: box.label, corners, isUndecided: box.isCrowd === true || seen < WHOLE_ENOUGH }];
  });
}
