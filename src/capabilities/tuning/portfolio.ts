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
  { trainer: "extra-trees" },
  { trainer: "logistic-regression" },
  { trainer: "random-forest" },
  { trainer: "nearest-neighbours" },
  { trainer: "kernel-svm" },
];

const SMALL_REGRESSION: readonly PortfolioEntry[] = [
  { trainer: "gbdt" },
  { trainer: "extra-trees" },
  { trainer: "ridge" },
  { trainer: "random-forest" },
  { trainer: "nearest-neighbours" },
  { trainer: "kernel-svm" },
];

const LARGE_CLASSES: readonly PortfolioEntry[] = [
  { trainer: "gbdt" },
  { trainer: "gbdt", config: { leaves: 16, learningRate: 0.05 } },
  { trainer: "logistic-regression" },
  { trainer: "random-forest" },
  { trainer: "extra-trees" },
];

const LARGE_REGRESSION: readonly PortfolioEntry[] = [
  { trainer: "gbdt" },
  { trainer: "gbdt", config: { leaves: 16, learningRate: 0.05 } },
  { trainer: "ridge" },
  { trainer: "random-forest" },
  { trainer: "extra-trees" },
];
