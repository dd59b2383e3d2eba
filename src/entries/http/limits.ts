import { QuernError } from "../../foundation/base/errors.js";

/** Explaining costs more than predicting. */
export const MOST_EXPLAINED_ROWS = 100;

export function tooManyRows(rows: number, limit: number): QuernError {
  return new QuernError("REQUEST_TOO_LARGE", `${rows} rows; at most ${limit} are allowed.`, {
    details: { rows, limit },
  });
}
