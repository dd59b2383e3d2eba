/** One maker of steps for each op that is computed directly. */
import { CODED } from "./coded.js";
import { ELEMENTWISE_STEPS } from "./elementwise.js";
import { MATRIX } from "./matrix.js";
import type { StepMaker } from "./slot.js";
import { treeRegressor } from "./trees.js";

export const STEP_MAKERS: Readonly<Record<string, StepMaker>> = {
  ...ELEMENTWISE_STEPS,
  ...MATRIX,
  ...CODED,
  TreeEnsembleRegressor: treeRegressor,
};
