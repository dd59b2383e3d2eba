import { test } from "vitest";
import { ODD_TABLES } from "../fixtures/odd-tables.js";
import { trainOddTable } from "./odd-tables.js";

/** Enough to meet folds, an ensemble and a pruned search; one split instead of repeated ones keeps it quick. */
const QUICK = {
  ensemble: { folds: 3 },
  evaluation: { resamples: 50, learningCurve: false },
};
const numeric = (name: string): boolean =>
  /number|stretches|dates|tail|order of time|all kinds|wide, n/.test(name);

test.each(
  ODD_TABLES.filter(({ columns }, i) => i % 3 === 0 && columns.length < 100).map(
    (odd) => [odd.name, odd] as const,
  ),
)("%s", async (name, odd) => {
  const second = numeric(name) ? "ridge" : "logistic-regression";
  await trainOddTable(odd, {
    ...QUICK,
    models: ["gbdt", second],
    split: odd.project?.data ? undefined : { kind: "stratified", train: 0.6, validation: 0.2, test: 0.2 },
  });
});
