export { type AdafactorOptions, adafactor } from "./adafactor.js";
export { type AdagradOptions, adagrad } from "./adagrad.js";
export { type AdamOptions, type AdamWOptions, adam, adamW } from "./adam.js";
export { AVERAGE, averaged, debiased } from "./averaging.js";
export { boundedGradients, clipByNorm } from "./clipping.js";
export { type LionOptions, lion } from "./lion.js";
export { type Optimizer, slotShapes, type Update, type Variable } from "./optimizer.js";
export { type RmsPropOptions, rmsProp } from "./rms-prop.js";
export { type SgdOptions, sgd } from "./sgd.js";
