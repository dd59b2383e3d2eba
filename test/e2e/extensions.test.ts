import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXAMPLES, quern, workFolder } from "./quern.js";

let folder = "";
let remove = (): void => undefined;
beforeAll(() => ({ folder, remove } = workFolder()));
afterAll(() => remove());

const project = (
  module: string,
): string => `task: { target: Class_Rings, metric: within-tolerance, goals: { within-tolerance: ">= 0.1" } }
data: { source: ${join(EXAMPLES, "data/abalone.csv")} }
extensions: [${module}]
models: [ridge]
`;

test("a project's own metric ranks models, is reported and can be a goal", async () => {
  // Beside the product's node_modules, where its `zod` import resolves.
  const module = fileURLToPath(new URL("../fixtures/extension/within-tolerance.mjs", import.meta.url));
  writeFileSync(join(folder, "quern.yaml"), project(module));
  const outcome = await quern(["train", "--json"], { cwd: folder });
  expect(outcome.code, outcome.stderr).toBe(0);
  const result = outcome.json();
  expect(result.metric.name).toBe("within-tolerance");
  expect(result.metrics["within-tolerance"]).toBeGreaterThan(0.1);
  expect(result.metrics.rmse).toBeGreaterThan(0);
  expect(result.goals).toMatchObject([{ name: "within-tolerance", met: true }]);
});

test("a module that cannot be used is named", async () => {
  copyFileSync(join(EXAMPLES, "data/LICENCES.md"), join(folder, "not-code.mjs"));
  writeFileSync(join(folder, "quern.yaml"), project("./not-code.mjs"));
  const outcome = await quern(["train", "--json"], { cwd: folder });
  expect(outcome.code).toBe(2);
  expect(outcome.json().error).toMatchObject({
    code: "CONFIG_INVALID",
    details: { module: "./not-code.mjs" },
  });
});
