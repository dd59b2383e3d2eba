// Forests: what the host calls. Settings are globals; see settings.ts and forest-settings.ts.
export {
  features, featureTable, labels, maxDepth, minRowsPerLeaf, minSplitGain, rows, seed, stopAddress,
  weights, workers, workspace, workspaceBytes,
} from "./settings";
export * from "./forest-settings";
export {
  binColumns, binsKnown, columnTable, maxBins, sampleRows, sortScratch, sortScratchBytes, staged, stagedBins,
  stagedColumns, stagedRows,
} from "./binning";
export { growForest } from "./forest";
