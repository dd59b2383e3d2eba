/** Requirement: zero crashes, with the settings a user gets who sets nothing. */
import { test } from "vitest";
import { ODD_TABLES } from "../fixtures/odd-tables.js";
import { trainOddTable } from "./odd-tables.js";

test.each(ODD_TABLES.map((odd) => [odd.name, odd] as const))("%s", { timeout: 300_000 }, (_, odd) =>
  trainOddTable(odd, { tuning: { trials: 14 } }),
);
