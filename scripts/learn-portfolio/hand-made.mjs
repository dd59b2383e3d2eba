// The lists that were written down before any were learned: what a learned order has to beat.
const BOOSTED_STUMPS = {
  leaves: 4,
  learningRate: 0.08,
  columnShare: 0.4,
  rowShare: 0.7,
  categories: "one-hot",
};
const DEEP_ORDINAL = {
  leaves: 16,
  minRowsPerLeaf: 1,
  minChildWeight: 0.0001,
  columnShare: 0.7,
  categories: "ordinal",
};
const WIDE_ONE_HOT = { leaves: 24, columnShare: 0.5, l2: 3, categories: "one-hot" };
const NARROW_ORDINAL = { leaves: 16, columnShare: 0.4, categories: "ordinal" };

const CLASSES = [
  ["gbdt"],
  ["extra-trees", { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 }],
  ["kernel-ridge"],
  ["logistic-regression"],
  ["neural-network"],
  ["gbdt", { extraTrees: true, columnShareByNode: 1 }],
  ["nearest-neighbours", { selection: "leave-one-out" }],
  ["extra-trees"],
  ["gbdt", BOOSTED_STUMPS],
  ["random-forest", { criterion: "entropy", minRowsPerLeaf: 5, featureShare: 0.5 }],
  ["gbdt", DEEP_ORDINAL],
  ["kernel-svm"],
];

const VALUES = [
  ["gbdt"],
  ["extra-trees", { featureShare: 1, minRowsPerLeaf: 1, categories: "one-hot" }],
  ["kernel-ridge"],
  ["ridge"],
  ["neural-network"],
  ["gbdt", { extraTrees: true, columnShareByNode: 1 }],
  ["nearest-neighbours", { selection: "leave-one-out" }],
  ["gbdt", { leaves: 8, linearLeaves: true }],
  ["gbdt", BOOSTED_STUMPS],
  ["random-forest", { criterion: "entropy", minRowsPerLeaf: 5, featureShare: 0.5 }],
  ["kernel-svm"],
];

const large = (linear) => [
  ["gbdt"],
  ["gbdt", WIDE_ONE_HOT],
  ["gbdt", NARROW_ORDINAL],
  [linear],
  ["neural-network"],
  ["random-forest"],
];

/** As ids of candidates. */
export function handMadeList({ task, size }) {
  const regression = task === "regression";
  const entries =
    size === "large" ? large(regression ? "ridge" : "logistic-regression") : regression ? VALUES : CLASSES;
  return entries.map(([id, config]) => (config ? `${id} ${JSON.stringify(config)}` : id));
}
