import { z } from "zod";

/** The earliest and the latest time of a `Date`, epoch milliseconds (ECMA-262, section 21.4.1.1). */
export const LATEST_MS = 8.64e15;

/** When something was so, as callers say it. */
export const momentSchema = z.number().min(-LATEST_MS).max(LATEST_MS);
