/** How rows are divided, as recorded with the dataset version by a whole training. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { openStore } from "../../src/capabilities/stores/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { unpack } from "../../src/foundation/base/packing.js";
import type { SplitRecord } from "../../src/foundation/contracts/split.js";
import { penguins, writeLines } from "./data.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const TRAIN = 0;
const TEST = 2;

/** Trains on the file in a store of its own; returns the result and the recorded division. */
async function divide(file: string, args: readonly string[], project?: object) {
  const path = join(folder, `${file}.yaml`);
  writeFileSync(path, stringify(project ?? {}));
  const store = join(folder, `${file}.store`);
  const outcome = await quern(
    [
      "train",
      file,
      "--target",
      "species",
      "--models",
      "logistic-regression",
      "--project",
      path,
      "--store",
      store,
      ...args,
      "--json",
    ],
    { cwd: folder },
  );
  expect(outcome.code, outcome.stderr).toBe(0);
  const opened = await openStore(store, { clock: systemClock, create: false });
  try {
    const dataset = (await opened.datasets.list()).items[0]!;
    const [split] = await opened.datasets.splits(dataset.id);
    const record = unpack<SplitRecord>(await opened.blobs.get(split!.blob));
    return { result: outcome.json(), record };
  } finally {
    await opened.close();
  }
}

const [header, ...rows] = penguins();

describe("a division follows what the project says", () => {
  test("groups never cross a split", async () => {
    const group = (i: number): string => `flock-${(i * 7) % 40}`;
    writeLines(join(folder, "groups.csv"), [
      `${header},flock`,
      ...rows.map((row, i) => `${row},${group(i)}`),
    ]);
    const { record } = await divide("groups.csv", ["--group", "flock"]);
    expect(record.config.kind).toBe("group");
    const partOf = new Map(rows.map((_, i) => [group(i), record.assignments[i]]));
    for (const i of rows.keys()) expect(record.assignments[i]).toBe(partOf.get(group(i)));
    expect(new Set(record.assignments)).toEqual(new Set([0, 1, 2]));
  });

  test("time goes from training to test", async () => {
    const day = (i: number): number => (i * 131) % rows.length;
    const date = (i: number): string => new Date(Date.UTC(2024, 0, 1 + day(i))).toISOString().slice(0, 10);
    writeLines(join(folder, "times.csv"), [`${header},seen`, ...rows.map((row, i) => `${row},${date(i)}`)]);
    const { record } = await divide("times.csv", ["--time-column", "seen"]);
    expect(record.config.kind).toBe("time");
    const days = (part: number): number[] =>
      [...rows.keys()].filter((i) => record.assignments[i] === part).map(day);
    expect(Math.max(...days(TRAIN))).toBeLessThan(Math.min(...days(1)));
    expect(Math.max(...days(1))).toBeLessThan(Math.min(...days(TEST)));
  });

  test("a column says where each row belongs", async () => {
    const part = (i: number): string => (i % 5 === 0 ? "test" : i % 5 === 1 ? "validation" : "train");
    writeLines(join(folder, "parts.csv"), [`${header},part`, ...rows.map((row, i) => `${row},${part(i)}`)]);
    const { record } = await divide("parts.csv", [], { split: { kind: "columns", column: "part" } });
    const names = ["train", "validation", "test"];
    expect([...record.assignments].map((code) => names[code])).toEqual(rows.map((_, i) => part(i)));
  });

  test("sixty rows are judged in folds, every row once", async () => {
    writeLines(join(folder, "few.csv"), [header!, ...rows.filter((_, i) => i % 6 === 0).slice(0, 60)]);
    const { record, result } = await divide("few.csv", []);
    expect(record.config.kind).toBe("folds");
    expect(result.metric.rows).toBe(record.rows);
    expect(result.parity.maxAbsDiff).toBeLessThanOrEqual(1e-5);
  });
});

test("another order of the same rows gives every row the same part", async () => {
  const order = [...rows.keys()].sort((a, b) => ((a * 7919) % 344) - ((b * 7919) % 344));
  writeLines(join(folder, "plain.csv"), [header!, ...rows]);
  writeLines(join(folder, "shuffled.csv"), [header!, ...order.map((i) => rows[i]!)]);
  const plain = await divide("plain.csv", []);
  const shuffled = await divide("shuffled.csv", []);
  expect(order.map((i) => plain.record.assignments[i])).toEqual([...shuffled.record.assignments]);
  expect(shuffled.result.metric.rows).toBe(plain.result.metric.rows);
});
