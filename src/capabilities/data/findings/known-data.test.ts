import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openTable } from "../../../engines/table/index.js";
import { createRandom } from "../../../foundation/base/random.js";
import type { Split } from "../../../foundation/contracts/split.js";
import type { TaskType } from "../../../foundation/contracts/target.js";
import { inferSchema } from "../kinds/index.js";
import { measureTable } from "../profile/profile-table.js";
import { findProblems } from "./find-problems.js";

/** Real data that many people have studied and found honest; `warnings` are what is truly to be said of it. */
const KNOWN: readonly { file: string; target: string; task: TaskType; warnings: readonly string[] }[] = [
  { file: "test/oracles/profile/iris.csv", target: "target", task: "multiclass", warnings: [] },
  { file: "test/oracles/profile/wine.csv", target: "target", task: "multiclass", warnings: [] },
  { file: "examples/data/penguins.csv", target: "species", task: "multiclass", warnings: [] },
  { file: "examples/data/car.csv", target: "class", task: "multiclass", warnings: [] },
  { file: "examples/data/credit-g.csv", target: "class", task: "binary", warnings: [] },
  { file: "examples/data/abalone.csv", target: "Class_Rings", task: "regression", warnings: [] },
  { file: "examples/data/telco-churn.csv", target: "churn", task: "binary", warnings: [] },
];

/** Only where the folder of larger data sets is given. */
const LARGER: typeof KNOWN = [
  { file: "adult-train.csv", target: "income", task: "binary", warnings: ["placeholder-value capital_gain"] },
  { file: "ames-housing.csv", target: "Sale_Price", task: "regression", warnings: [] },
  { file: "attrition.csv", target: "Attrition", task: "binary", warnings: [] },
  {
    file: "wine-quality-white.csv",
    target: "quality",
    task: "multiclass",
    warnings: ["duplicate-rows", "rare-classes quality"],
  },
];

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const larger = process.env.QUERN_DATA;
const all = [
  ...KNOWN.map((known) => ({ ...known, path: join(root, known.file) })),
  ...(larger === undefined ? [] : LARGER.map((known) => ({ ...known, path: join(larger, known.file) }))),
];

describe("known data", () => {
  it.each(all)(
    "$file raises just the warnings it deserves",
    { timeout: 60_000 },
    async ({ path, target, task, warnings }) => {
      expect(existsSync(path)).toBe(true);
      const table = await openTable({ format: "delimited", files: [{ path }] }, { threads: 2 });
      try {
        const { columns } = await inferSchema(table);
        const input = await measureTable(table, columns, { target: { name: target, task } });
        const order = createRandom(1).permutation(input.frame.rows);
        const cut = Math.floor(order.length * 0.8);
        const half = (from: number, to: number) => order.slice(from, to).sort();
        const split: Split = {
          name: "split",
          train: half(0, cut),
          validation: new Int32Array(0),
          test: half(cut, order.length),
        };
        const findings = findProblems({ ...input, splits: [split] });
        const severe = findings.filter(({ severity }) => severity !== "info");
        // A split by row number, as here, parts equal rows; splits by content do not.
        const named = severe
          .filter(({ id }) => id !== "split-duplicates")
          .map(({ id, column }) => (column ? `${id} ${column}` : id));
        expect(named).toEqual(warnings);
      } finally {
        await table.close();
      }
    },
  );
});
