/** Requirement: zero crashes, with the settings a user gets who sets nothing. */
import { test } from "vitest";
import { ODD_TABLES } from "../fixtures/odd-tables.js";
import { trainOddTable } from "./odd-tables.js";

/** Fewer rows are judged in three rounds of five folds, and the whole course is repeated for each of them. */
const FEW_ROWS = 100;
/** One table of classes and one of numbers show that; one round of three folds is enough for the others. */
const ALL_ROUNDS = 2;
const ONE_ROUND = { split: { kind: "folds", folds: 3, repeats: 1 } } as const;

test.each(ODD_TABLES.map((odd, place) => [odd.name, odd, place] as const))(
  "%s",
  { timeout: 300_000 },
  (_, odd, place) =>
    trainOddTable(odd, {
      tuning: { trials: 14 },
      ...(odd.rows.length < FEW_ROWS && place >= ALL_ROUNDS ? ONE_ROUND : {}),
    }),
);
