import type { Transform } from "../../foundation/contracts/transform.js";
import type { TransformMap } from "./pipeline/pipeline.js";
import { clip } from "./transforms/clip.js";
import { datetime } from "./transforms/datetime.js";
import { frequency } from "./transforms/frequency.js";
import { impute } from "./transforms/impute.js";
import { log } from "./transforms/log.js";
import { minMax } from "./transforms/min-max.js";
import { oneHot } from "./transforms/one-hot.js";
import { ordinal } from "./transforms/ordinal.js";
import { rare } from "./transforms/rare.js";
import { robust } from "./transforms/robust.js";
import { standard } from "./transforms/standard.js";
import { toFloat32 } from "./transforms/to-float32.js";

/** Transforms that a graph can hold. */
const GRAPH_TRANSFORMS = [
  impute,
  standard,
  robust,
  minMax,
  clip,
  log,
  toFloat32,
  oneHot,
  ordinal,
  rare,
  frequency,
  datetime,
];

/** All built-in transforms by id. */
export function createTransforms(): TransformMap {
  return new Map(GRAPH_TRANSFORMS.map((transform) => [transform.id, transform as unknown as Transform]));
}
