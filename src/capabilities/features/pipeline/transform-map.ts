import { QuernError } from "../../../foundation/base/errors.js";
import type { Transform } from "../../../foundation/contracts/transform.js";
import type { TransformMap } from "./pipeline.js";

/** @throws QuernError CONFIG_INVALID when no transform has the id. */
export function transformOf(transforms: TransformMap, id: string): Transform {
  const transform = transforms.get(id);
  if (transform) return transform;
  const known = [...transforms.keys()].sort().join(", ");
  throw new QuernError("CONFIG_INVALID", `There is no transform ${JSON.stringify(id)}; known: ${known}.`);
}
