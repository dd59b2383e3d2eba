// Gradient boosting: what the host calls. Settings are globals; see settings.ts.

export {
  binColumns,
  binsKnown,
  columnTable,
  maxBins,
  sampleRows,
  sortScratch,
  sortScratchBytes,
  staged,
  stagedBins,
  stagedColumns,
  stagedRows,
} from "./binning";
export { boost } from "./boost";
export * from "./settings";
export { transpose, transposeRows, transposeTarget } from "./transpose";
