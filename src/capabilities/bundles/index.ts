export { describeInputs } from "./describe-inputs.js";
export { type FeatureGraph, openFeatureGraph } from "./feature-graph.js";
export { type LoadedBundle, type LoadOptions, loadBundle, openBundle } from "./load-bundle.js";
export { modelCard } from "./model-card.js";
export { typesFor } from "./typed-client.js";
export { type VerifiedBundle, verifyBundle } from "./verify-bundle.js";
export {
  type BundleParts,
  bundleFiles,
  type WrittenBundle,
  writeBundle,
} from "./write-bundle.js";
