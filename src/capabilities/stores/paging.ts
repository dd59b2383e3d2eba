import { QuernError } from "../../foundation/base/errors.js";
import type { Page, PageRequest } from "../../foundation/contracts/store.js";

const DEFAULT_LIMIT = 50;
const HIGHEST_LIMIT = 1000;

/** Where a page ended: the sort key of its last row. */
export interface Position {
  readonly time: number;
  readonly id: string;
}

export function pageLimit({ limit = DEFAULT_LIMIT }: PageRequest): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= HIGHEST_LIMIT) return limit;
  throw new QuernError("REQUEST_INVALID", `A page has 1 to ${HIGHEST_LIMIT} items, not ${limit}.`, {
    details: { field: "limit" },
  });
}

export function parsePosition({ after }: PageRequest): Position | undefined {
  if (after === undefined) return undefined;
  const match = /^(\d{1,15})~(.+)$/.exec(after);
  if (match) return { time: Number(match[1]), id: match[2]! };
  throw new QuernError("REQUEST_INVALID", `${JSON.stringify(after)} is not the \`next\` of a page.`, {
    details: { field: "after" },
  });
}

/** Makes a page out of up to `limit + 1` rows: one row too many means that there is a next page. */
export function toPage<T>(rows: readonly T[], limit: number, positionOf: (item: T) => Position): Page<T> {
  const items = rows.slice(0, limit);
  if (rows.length <= limit) return { items };
  const { time, id } = positionOf(items.at(-1)!);
  return { items, next: `${time}~${id}` };
}
