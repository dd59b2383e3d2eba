import type { TaskType } from "../../foundation/contracts/target.js";
import { type DataSize, LEARNED_LISTS } from "./learned-lists.js";

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

/** From so many rows on a table counts as medium, and beyond so many as large. */
const MEDIUM_ROWS = 3000;
const LARGE_ROWS = 20_000;

/** Strong configurations in the order in which they should be tried. */
export function portfolioFor({ task, rows }: PortfolioSituation): readonly PortfolioEntry[] {
  return LEARNED_LISTS[task][sizeOf(rows)];
}

function sizeOf(rows: number): DataSize {
  if (rows > LARGE_ROWS) return "large";
  return rows < MEDIUM_ROWS ? "small" : "medium";
}
