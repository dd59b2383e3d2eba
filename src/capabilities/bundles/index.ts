export { describeInputs } from "./describe-inputs.js";
export { type FeatureGraph, openFeatureGraph } from "./feature-graph.js";
export { type LoadedBundle, type LoadOptions, loadBundle, openBundle, predictorOf } from "./load-bundle.js";
export { type ModelChange, modelCard } from "./model-card.js";
export { replaceModel } from "./replace-model.js";
export { typesFor } from "./typed-client.js";
export { type VerifiedBundle, verifyBundle } from "./verify-bundle.js";
export {
  type BundleParts,
  bundleFiles,
  type WrittenBundle,
  writeBundle,
} from "./write-bundle.js";
