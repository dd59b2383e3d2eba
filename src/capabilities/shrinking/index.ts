export type { Feeds } from "./calibration.js";
export {
  type ShrinkMethod,
  type ShrinkOptions,
  type ShrinkOutcome,
  type ShrinkReport,
  shrinkModel,
} from "./shrink-model.js";
