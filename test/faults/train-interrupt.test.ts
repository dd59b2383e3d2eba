/** A training that is stopped, by its user or by the machine, loses nothing that was finished. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { customers, FEW_TREES, writeLines } from "../e2e/data.js";
import { MAIN, quern, workFolder } from "../e2e/quern.js";
import { bundleBytes } from "../fixtures/bundle-bytes.js";
import { startTraining } from "./interrupt.js";
import { killAndRecover } from "./kill-and-recover.js";

const { folder, remove } = workFolder();
const ARGS = ["data.csv", "--target", "churn"] as const;
/** Every step of a training, none of them long: it is done five times. */
const SETTINGS = `models: [${FEW_TREES}, logistic-regression, kernel-svm]
ensemble: { folds: 3 }
evaluation: { resamples: 50, learningCurve: false }
`;
const run = (...args: string[]) => quern(args, { cwd: folder });

let uninterrupted: Record<string, string>;
let milliseconds = 0;
beforeAll(async () => {
  writeLines(join(folder, "data.csv"), customers(0, 700));
  writeFileSync(join(folder, "quern.yaml"), SETTINGS);
  const start = performance.now();
  const outcome = await run("train", ...ARGS, "--store", "whole", "--json");
  milliseconds = performance.now() - start;
  expect(outcome.code, outcome.stderr).toBe(0);
  uninterrupted = bundleBytes(outcome.json().bundle);
});
afterAll(remove);

test("Ctrl-C ends with 130, says how to go on, and --resume finishes with the same bytes", async () => {
  const training = startTraining([...ARGS, "--json"], folder);
  await training.shows("train kernel-svm");
  training.child.kill("SIGINT");
  const { code, stdout, stderr } = await training.ended;
  expect(code).toBe(130);
  expect(JSON.parse(stdout).error).toMatchObject({ code: "INTERRUPTED" });
  expect(stderr).toContain("--resume");

  const { runs } = (await run("runs", "--json")).json();
  expect(runs).toMatchObject([{ state: "interrupted", name: "churn" }]);
  expect((await run("models", "--json")).json().models).toEqual([]);

  const resumed = await run("train", "--resume", "--json");
  expect(resumed.code, resumed.stderr).toBe(0);
  const result = resumed.json();
  expect(result.run).toBe(runs[0].id);
  expect(result.cached.hits).toBeGreaterThan(0);
  expect(result.cached.hits).toBeLessThan(result.cached.steps);
  expect(bundleBytes(result.bundle)).toEqual(uninterrupted);
  expect((await run("runs", "--json")).json().runs).toMatchObject([{ state: "done" }]);
  const nothing = await run("train", "--resume", "--json");
  expect(nothing.json().error.code).toBe("RUN_NOT_FOUND");
});

test("Ctrl-C before the data is read leaves nothing behind", async () => {
  const training = startTraining([...ARGS, "--store", "early", "--json"], folder);
  await training.shows("load");
  training.child.kill("SIGINT");
  const { code, stdout, stderr } = await training.ended;
  expect(code, stderr).toBe(130);
  expect(JSON.parse(stdout).error.code).toBe("INTERRUPTED");
  expect(existsSync(join(folder, "early"))).toBe(false);
});

// At 64 moments in the heavy suite.
describe("kill -9 leaves a store that works", () => {
  test.each([
    ["the training process, in the middle", "child", 0.6],
    ["the command, late", "parent", 0.9],
  ] as const)("%s", async (_, victim, share) => {
    rmSync(join(folder, "killed"), { recursive: true, force: true });
    const again = await killAndRecover({
      folder,
      args: ARGS,
      store: "killed",
      victim,
      afterMs: share * milliseconds,
    });
    // The killed run may have taken a version number with it; the model itself is the same.
    expect(bundleBytes(again.bundle)["model.onnx"]).toBe(uninterrupted["model.onnx"]);
  });
});

describe("a pipe that closes", () => {
  test("standard output: the work goes on and nothing is complained about", async () => {
    const child = spawn(process.execPath, [MAIN, "plan", ...ARGS], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdout.destroy();
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
    expect(stderr).not.toMatch(/EPIPE|Error/);
  });

  test("standard error: the result still comes", async () => {
    const child = spawn(process.execPath, [MAIN, "train", ...ARGS, "--store", "whole", "--json"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.destroy();
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
    expect(JSON.parse(stdout).model).toBe("churn");
  });

  test("standard input that ends in the middle of a row is bad input", async () => {
    const text = readFileSync(join(folder, "data.csv"), "utf8");
    const cut = await quern(["train", "-", "--target", "churn", "--store", "cut", "--json"], {
      cwd: folder,
      input: text.slice(0, text.length / 2 - 20),
    });
    expect(cut.code).toBe(2);
    expect(cut.json().error.code).toBe("DATA_MALFORMED");
  });
});
