/** Requirement: kill -9 of a training at any moment leaves a store that works. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRandom } from "../../src/foundation/base/random.js";
import { FEW_TREES, penguins, writeLines } from "../e2e/data.js";
import { quern, workFolder } from "../e2e/quern.js";
import { killAndRecover } from "./kill-and-recover.js";

const KILLS = 50;
const ARGS = ["data.csv", "--target", "species"] as const;
const { folder, remove } = workFolder();
const modelOf = (bundle: string): string => readFileSync(join(bundle, "model.onnx"), "base64");

let expected = "";
let milliseconds = 0;
beforeAll(async () => {
  writeLines(join(folder, "data.csv"), penguins());
  // Fits are short, so that more of the kills fall into what is written between them.
  writeFileSync(join(folder, "quern.yaml"), `models: [${FEW_TREES}, logistic-regression]\n`);
  const start = performance.now();
  const outcome = await quern(["train", ...ARGS, "--store", "whole", "--json"], { cwd: folder });
  milliseconds = performance.now() - start;
  expect(outcome.code, outcome.stderr).toBe(0);
  expected = modelOf(outcome.json().bundle);
});
afterAll(remove);

it(`a training recovers from kill -9 at ${KILLS} moments, half of them of its training process`, {
  timeout: 3_600_000,
}, async () => {
  const random = createRandom("kill a training");
  for (let kill = 0; kill < KILLS; kill++) {
    // Every fourth time the same store is killed again, in a training it has not seen.
    const reused = kill % 4 === 3;
    const again = await killAndRecover({
      folder,
      args: reused ? [...ARGS, "--seed", String(kill)] : ARGS,
      store: reused ? "reused" : `store-${kill}`,
      victim: kill % 8 < 4 ? "parent" : "child",
      afterMs: random.uniform() * 1.1 * milliseconds,
    });
    if (!reused) expect(modelOf(again.bundle), `kill ${kill}`).toBe(expected);
  }
});
