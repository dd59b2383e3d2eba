export { createHostTransforms, type HostServices } from "./host-transforms.js";
export type { HanSegmenter } from "./tokens.js";
