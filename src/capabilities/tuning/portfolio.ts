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
  /** Of the columns to learn from; absent: numbers, categories and their like. */
  readonly kinds?: ReadonlySet<string>;
  /** False: there are no columns but those for networks with encoders. */
  readonly hasTable?: boolean;
}

/** What looks at images, before the learners that cannot. */
const IMAGE_LIST: readonly PortfolioEntry[] = [{ trainer: "image-network" }];

/** What reads texts, behind the learners of term weights, which are as good on few rows and cost less. */
const TEXT_LIST: readonly PortfolioEntry[] = [
  { trainer: "text-network" },
  { trainer: "text-network", config: { architecture: "convolution" } },
  { trainer: "text-network", config: { architecture: "transformer" } },
];

/** From so many rows on a table counts as medium, and beyond so many as large. */
const MEDIUM_ROWS = 3000;
const LARGE_ROWS = 20_000;

/** Strong configurations in the order in which they should be tried. */
export function portfolioFor({
  task,
  rows,
  kinds,
  hasTable = true,
}: PortfolioSituation): readonly PortfolioEntry[] {
  const images = kinds?.has("image") ? IMAGE_LIST : [];
  const texts = kinds?.has("text") ? TEXT_LIST : [];
  return [...images, ...(hasTable ? LEARNED_LISTS[task][sizeOf(rows)] : []), ...texts];
}

function sizeOf(rows: number): DataSize {
  if (rows > LARGE_ROWS) return "large";
  return rows < MEDIUM_ROWS ? "small" : "medium";
}
