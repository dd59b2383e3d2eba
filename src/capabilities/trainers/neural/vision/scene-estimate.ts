import type { ImageColumn } from "../../../../foundation/contracts/frame.js";
import type { WorkEstimate } from "../../../../foundation/contracts/trainer.js";
import { type SceneTrainingConfig, sceneTrainingLength } from "./scene-training.js";

/** What one picture asks of a network. */
export interface PictureWork {
  /** Multiplications. */
  readonly products: number;
  /** Values that its layers give. */
  readonly values: number;
}

/** Measured on one thread of a current processor, of one multiplication of a convolution. */
const PRODUCT_SECONDS = 4e-11;
/** Of a value: norms and activations, which read and write. */
const VALUE_SECONDS = 4e-9;
const START_SECONDS = 0.5;
/** Forward, and twice as much backward. */
const PASSES = 3;
const LOOKS = 20;
/** Values and their derivatives lie in memory until the way back is done. */
const COPIES = 3;

/** Channels of the first stage of the pretrained networks in most use. */
const PRETRAINED_WIDTH = 64;

/** Channels that an estimate counts with: a pretrained network is not opened for it. */
export const estimatedWidth = ({
  model,
  width,
}: {
  readonly model: string;
  readonly width: number;
}): number => (model === "" ? width : PRETRAINED_WIDTH);

export function estimateSceneTraining(
  { rows, pictures }: { readonly rows: number; readonly pictures: ImageColumn },
  { products, values }: PictureWork,
  config: SceneTrainingConfig,
): WorkEstimate {
  const { batch, steps } = sceneTrainingLength(config, rows);
  const passed = PASSES * steps * batch + Math.min(LOOKS, steps) * (rows / 8);
  return {
    seconds: START_SECONDS + passed * (products * PRODUCT_SECONDS + values * VALUE_SECONDS),
    bytes: pictures.values.length + 4 * COPIES * batch * values,
  };
}

/** Of a convolution [size, size, inputs, outputs] at so many places, with its norm and activation. */
export function convolutionWork(
  size: number,
  [inputs, outputs]: readonly [number, number],
  places: number,
): PictureWork {
  return { products: size * size * inputs * outputs * places, values: 3 * outputs * places };
}

export function sumOfWork(parts: readonly PictureWork[]): PictureWork {
  return {
    products: parts.reduce((sum, { products }) => sum + products, 0),
    values: parts.reduce((sum, { values }) => sum + values, 0),
  };
}
