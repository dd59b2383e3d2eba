export { createModelPool } from "./model-pool.js";
export type { ServingOptions } from "./served-model.js";
export { Traffic } from "./traffic.js";
