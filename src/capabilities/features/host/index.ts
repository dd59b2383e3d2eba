export { createHostTransforms, type HostServices, type HostStep, runHostSteps } from "./run.js";
export { columnTensor, type InputTensor } from "./tensor.js";
export type { HanSegmenter } from "./tokens.js";
