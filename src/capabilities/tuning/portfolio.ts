import type { TaskType } from "../../foundation/contracts/target.js";

/** A configuration that did well over many data sets: a trainer with what differs from its defaults. */
export interface PortfolioEntry {
  readonly trainer: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface PortfolioSituation {
  readonly task: TaskType;
  /** Rows to learn from. */
  readonly rows: number;
}

/** Above so many rows boosting in its variants is what pays. */
const LARGE_ROWS = 20_000;

/** Strong configurations in the order in which they should be tried. */
export function portfolioFor({ task, rows }: PortfolioSituation): readonly PortfolioEntry[] {
  const regression = task === "regression";
  if (rows > LARGE_ROWS) return regression ? LARGE_REGRESSION : LARGE_CLASSES;
  return regression ? SMALL_REGRESSION : SMALL_CLASSES;
}

const SMALL_CLASSES: readonly PortfolioEntry[] = [
  { trainer: "gbdt" },
  {
    trainer: "extra-trees",
    config: { criterion: "entropy", featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 },
  },
  { trainer: "kernel-ridge" },
  { trainer: "logistic-regression" },
  { trainer: "neural-network" },
  { trainer: "gbdt", config: { extraTrees: true, columnShareByNode: 1 } },
  { trainer: "nearest-neighbours", config: { selection: "leave-one-out" } },
  { trainer: "extra-trees" },
  {
    trainer: "gbdt",
    config: { leaves: 4, learningRate: 0.08, columnShare: 0.4, rowShare: 0.7, categories: "one-hot" },
  },
  { trainer: "random-forest", config: { criterion: "entropy", minRowsPerLeaf: 5, featureShare: 0.5 } },
  {
    trainer: "gbdt",
    config: {
      leaves: 16,
      minRowsPerLeaf: 1,
      minChildWeight: 0.0001,
      columnShare: 0.7,
      categories: "ordinal",
    },
  },
  { trainer: "kernel-svm" },
];

const SMALL_REGRESSION: readonly PortfolioEntry[] = [
  { trainer: "gbdt" },
  { trainer: "extra-trees", config: { featureShare: 1, categories: "one-hot", minRowsPerLeaf: 1 } },
  { trainer: "kernel-ridge" },
  { trainer: "ridge" },
  { trainer: "neural-network" },
  { trainer: "gbdt", config: { extraTrees: true, columnShareByNode: 1 } },
  { trainer: "nearest-neighbours", config: { selection: "leave-one-out" } },
  { trainer: "gbdt", config: { leaves: 8, linearLeaves: true } },
  {
    trainer: "gbdt",
    config: { leaves: 4, learningRate: 0.08, columnShare: 0.4, rowShare: 0.7, categories: "one-hot" },
  },
  { trainer: "random-forest", config: { minRowsPerLeaf: 5, featureShare: 0.5 } },
  { trainer: "kernel-svm" },
];

const LARGE_CLASSES: readonly PortfolioEntry[] = [
  { trainer: "gbdt" },
  { trainer: "gbdt", config: { leaves: 24, columnShare: 0.5, l2: 3, categories: "one-hot" } },
  { trainer: "gbdt", config: { leaves: 16, columnShare: 0.4, categories: "ordinal" } },
  { trainer: "logistic-regression" },
  { trainer: "neural-network" },
  { trainer: "random-forest" },
];

const LARGE_REGRESSION: readonly PortfolioEntry[] = [
  { trainer: "gbdt" },
  { trainer: "gbdt", config: { leaves: 24, columnShare: 0.5, l2: 3, categories: "one-hot" } },
  { trainer: "gbdt", config: { leaves: 16, columnShare: 0.4, categories: "ordinal" } },
  { trainer: "ridge" },
  { trainer: "neural-network" },
  { trainer: "random-forest" },
];
