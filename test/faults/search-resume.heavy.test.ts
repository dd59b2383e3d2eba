/** Requirement: a search that is killed and resumed, at any moment, gives the bytes of one that was not. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRandom } from "../../src/foundation/base/random.js";
import { FEW_TREES, penguins, writeLines } from "../e2e/data.js";
import { quern, workFolder } from "../e2e/quern.js";
import { bundleBytes } from "../fixtures/bundle-bytes.js";
import { startTraining, trainingProcess } from "./interrupt.js";

const KILLS = 20;
const FITTING_KILLS = 6;
const { folder, remove } = workFolder();
const SETTINGS = `name: penguins
task: { target: species }
data: { source: penguins.csv }
split: { kind: stratified, train: 0.8, validation: 0.1, test: 0.1 }
models: [${FEW_TREES}, logistic-regression, { trainer: extra-trees, trees: 60 }, nearest-neighbours]
ensemble: { folds: 3 }
tuning: { trials: 16 }
evaluation: { resamples: 0, learningCurve: false }
`;

let whole: Record<string, string>;
let milliseconds = 0;
beforeAll(async () => {
  writeLines(join(folder, "penguins.csv"), penguins());
  writeFileSync(join(folder, "quern.yaml"), SETTINGS);
  const start = performance.now();
  const outcome = await quern(["train", "--threads", "1", "--store", "whole", "--json"], { cwd: folder });
  milliseconds = performance.now() - start;
  expect(outcome.code, outcome.stderr).toBe(0);
  whole = bundleBytes(outcome.json().bundle);
});
afterAll(remove);

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Goes on with what was killed, or begins again where the run had not begun or was already done. */
async function finish(store: string, threads: string): Promise<string> {
  const args = ["--threads", threads, "--store", store, "--json"];
  const resumed = await quern(["train", "--resume", ...args], { cwd: folder });
  if (resumed.code === 0) return resumed.json().bundle;
  expect(resumed.json().error.code).toMatch(/RUN_NOT_FOUND|STORE_NOT_FOUND/);
  const again = await quern(["train", ...args], { cwd: folder });
  expect(again.code, again.stderr).toBe(0);
  return again.json().bundle;
}

it(`requirement 13: gives the same bytes after kill -9 at ${KILLS} moments and --resume, with 1 or 2 threads`, {
  timeout: 1_800_000,
}, async () => {
  const random = createRandom("kill a search");
  for (let kill = 0; kill < KILLS; kill++) {
    const store = `store-${kill}`;
    const [threads, later] = kill % 2 === 0 ? ["1", "2"] : ["2", "1"];
    const training = startTraining(["--threads", threads, "--store", store, "--json"], folder);
    await after((0.1 + 0.9 * random.uniform()) * milliseconds);
    killHard(kill % 4 < 2 ? training.child.pid : childOf(training.child.pid));
    await training.ended;
    const bundle = bundleBytes(await finish(store, later));
    expect(bundle, `kill ${kill}`).toEqual(whole);
    rmSync(join(folder, store), { recursive: true, force: true });
  }
});

it(`a fitting process that is killed while it works costs time, no result (${FITTING_KILLS} kills)`, {
  timeout: 900_000,
}, async () => {
  for (let kill = 0; kill < FITTING_KILLS; kill++) {
    const store = `fits-${kill}`;
    const training = startTraining(["--threads", "2", "--store", store, "--json"], folder);
    const fitting = await fittingProcess(training.child.pid!);
    await after(40 * kill);
    killHard(fitting);
    const { code, stdout, stderr } = await training.ended;
    expect(code, stderr).toBe(0);
    expect(bundleBytes(JSON.parse(stdout).bundle)).toEqual(whole);
    rmSync(join(folder, store), { recursive: true, force: true });
  }
});

/** The first process that fits, once there is one. */
async function fittingProcess(command: number): Promise<number> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const fitting = childOf(childOf(command));
    if (fitting !== undefined && commandLine(fitting).includes("fit-child")) return fitting;
    await after(10);
  }
  throw new Error("No fitting process was started.");
}

function childOf(parent: number | undefined): number | undefined {
  try {
    return parent === undefined ? undefined : trainingProcess(parent);
  } catch {
    return undefined;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** The process may have ended by itself in the meantime. */
function killHard(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ESRCH") throw failure;
  }
}
