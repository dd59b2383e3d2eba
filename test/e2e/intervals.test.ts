/** Predicted numbers with the interval that is to hold the truth: in the graph, in files, in answers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadBundle } from "../../src/capabilities/bundles/index.js";
import { createRandom } from "../../src/foundation/base/random.js";
import { manifestSchema } from "../../src/foundation/contracts/bundle.js";
import { cellsOf, writeLines } from "./data.js";
import { type Outcome, quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
const run = (...args: string[]): Promise<Outcome> => quern(args, { cwd: folder });
const random = createRandom("intervals");
/** y = 3 a + noise of deviation 1: an interval of 90 % is about 3.3 wide. */
const truth: number[] = [];
const lines = Array.from({ length: 1200 }, () => {
  const a = 10 * random.uniform();
  truth.push(3 * a + random.normal());
  return `${a},${random.uniform() < 0.5 ? "x" : "y"}`;
});

let bundle: string;
beforeAll(async () => {
  writeLines(join(folder, "data.csv"), [
    "a,b,y",
    ...lines.slice(0, 800).map((line, row) => `${line},${truth[row]}`),
  ]);
  writeLines(join(folder, "rows.csv"), ["a,b", ...lines.slice(800)]);
  const trained = await run("train", "data.csv", "--target", "y", "--models", "elastic-net", "--json");
  expect(trained.code, trained.stderr).toBe(0);
  bundle = trained.json().bundle;
});
afterAll(remove);

test("hold the truth of fresh rows as often as the manifest says", async () => {
  const plain = await run("predict", "y", "rows.csv", "--out", "plain.csv");
  expect(plain.code, plain.stderr).toBe(0);
  expect(readFileSync(join(folder, "plain.csv"), "utf8").split("\n")[0]).toBe("prediction");
  const outcome = await run("predict", "y", "rows.csv", "--out", "ends.csv", "--interval");
  expect(outcome.code, outcome.stderr).toBe(0);
  const [header, ...rows] = cellsOf(readFileSync(join(folder, "ends.csv"), "utf8"));
  expect(header).toEqual(["prediction", "prediction_low", "prediction_high"]);
  const covered = rows.filter(([, low, high], row) => {
    const value = truth[800 + row]!;
    return Number(low) <= value && value <= Number(high);
  });
  // Three deviations of a share of 0.9 among 400 rows.
  expect(Math.abs(covered.length / rows.length - 0.9)).toBeLessThan(0.045);
  const { outputs } = manifestSchema.parse(JSON.parse(readFileSync(join(bundle, "manifest.json"), "utf8")));
  expect(outputs).toEqual({ kind: "value", interval: { level: 0.9, rows: expect.any(Number) } });
});

test("come with every answer of the bundle", async () => {
  const loaded = await loadBundle(bundle);
  try {
    const [answer] = await loaded.predict([{ a: 5, b: "x" }]);
    const { prediction, interval } = answer as { prediction: number; interval: [number, number] };
    expect(interval[0]).toBeLessThan(prediction);
    expect(interval[1] - prediction).toBeCloseTo(prediction - interval[0], 4);
  } finally {
    await loaded.close();
  }
});

test("are refused where the model predicts classes", async () => {
  const trained = await run(
    "train",
    "data.csv",
    "--target",
    "b",
    "--models",
    "logistic-regression",
    "--quiet",
  );
  expect(trained.code, trained.stderr).toBe(0);
  const outcome = await run("predict", "b", "rows.csv", "--out", "none.csv", "--interval", "--json");
  expect(outcome.code).not.toBe(0);
  expect(outcome.json().error).toMatchObject({ code: "UNSUPPORTED", message: "b@1 gives no intervals." });
});
