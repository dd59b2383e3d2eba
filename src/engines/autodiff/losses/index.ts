export { type AlignmentTruth, connectionistTemporal } from "./alignment.js";
export { type ChainScores, chainLoss, chainMarginals, decodeChain } from "./chain.js";
export {
  type BinaryOptions,
  binaryCrossEntropy,
  type ClassOptions,
  crossEntropy,
  focal,
  meanCrossEntropy,
  multiclassFocal,
} from "./classification.js";
export {
  contrastivePairs,
  infoNce,
  orderedPairs,
  pairCosines,
  rankedPositives,
  triplet,
} from "./contrastive.js";
export { mixed, weightedMean } from "./mean.js";
export { absoluteError, huber, quantile, squaredError } from "./regression.js";
