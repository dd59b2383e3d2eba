/** Exporting a smaller form of a model: what is written, what is refused. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadBundle, verifyBundle } from "../../src/capabilities/bundles/index.js";
import { PENGUINS } from "./data.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const run = (...args: string[]) => quern(args, { cwd: folder });
const path = (name: string) => join(folder, name);

beforeAll(async () => {
  const network = "{ trainer: neural-network, hiddenWidth: 64, steps: 60, members: 1 }";
  writeFileSync(path("quern.yaml"), `models: [${network}]\n`);
  const trained = await run("train", PENGUINS, "--target", "species", "--json");
  expect(trained.code, trained.stderr).toBe(0);
});

test("a network as bytes: smaller, as good, and its bundle says what was done", async () => {
  await run("export", "species", "--out", "original.quern");
  const arguments_ = ["--out", "small.quern", "--shrink", "int8", "--calibrate", PENGUINS, "--json"];
  const outcome = await run("export", "species", ...arguments_);
  expect(outcome.code, outcome.stderr).toBe(0);
  const { shrunk } = outcome.json();
  expect(shrunk).toMatchObject({ method: "int8-dynamic", measure: "log-loss", rows: 344, allowedLoss: 0.01 });
  expect(shrunk.bytes.after).toBeLessThan(0.7 * shrunk.bytes.before);
  expect(shrunk.loss).toBeLessThan(0.01);

  const [original, small] = [verifyBundle(path("original.quern")), verifyBundle(path("small.quern"))];
  expect(small.manifest.lineage).toMatchObject({
    ...original.manifest.lineage,
    shrunkFrom: original.id,
    shrunkBy: "int8-dynamic",
  });
  expect(small.manifest).toMatchObject({ name: "species", version: 1, formatVersion: 1 });
  expect(small.manifest.files["model.onnx"]!.bytes).toBe(shrunk.bytes.after);
  const bundle = await loadBundle(path("small.quern"));
  expect(bundle.card).toContain("## How it was made smaller");
  expect(bundle.metrics.shrunk).toEqual({ "log-loss": shrunk.metric.after, rows: 344 });
  expect(bundle.sample.responses).not.toEqual(
    JSON.parse(new TextDecoder().decode(original.files.get("sample.json")!)).responses,
  );
  await bundle.close();

  const evaluated = await run("evaluate", "./small.quern", PENGUINS, "--json");
  expect(evaluated.json().metrics["log-loss"]).toBeCloseTo(shrunk.metric.after, 3);
});

test("without rows the answers must agree; one that loses too much is refused with the figures", async () => {
  const prune = [
    "export",
    "species",
    "--out",
    "pruned",
    "--shrink",
    "prune-weights",
    "--prune-share",
    "0.95",
  ];
  const refused = await run(...prune, "--json");
  expect(refused.code).toBe(3);
  const { error } = refused.json();
  expect(error.code).toBe("GOAL_NOT_MET");
  expect(error.details.shrunk).toMatchObject({ measure: "agreement", rows: 9, source: null });
  expect(error.details.shrunk.loss).toBeGreaterThan(0.01);
  expect(error.hint).toContain("Take out less with `--prune-share`");
  expect(existsSync(path("pruned"))).toBe(false);

  const allowed = await run(...prune, "--allowed-loss", "1");
  expect(allowed.code, allowed.stderr).toBe(0);
  expect(allowed.stdout).toContain("agreement with the original on the bundle's 9 sample requests");
  expect(readFileSync(path("pruned/card.md"), "utf8")).toContain("agreement on 9 rows");
});

test("trees have nothing to shrink, and flags that judge need a method", async () => {
  const trained = await run("train", PENGUINS, "--target", "sex", "--models", "decision-tree", "--json");
  expect(trained.code, trained.stderr).toBe(0);
  const outcome = await run("export", "sex", "--out", "tree.quern", "--shrink", "int8", "--json");
  expect(outcome.code).toBe(2);
  expect(outcome.json().error).toMatchObject({ code: "UNSUPPORTED" });
  expect(existsSync(path("tree.quern"))).toBe(false);
  expect((await run("export", "species", "--out", "x.quern", "--calibrate", PENGUINS)).code).toBe(2);
});
