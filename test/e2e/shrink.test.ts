/** Exporting a smaller form of a model: what is written, what is refused. */
import { existsSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadBundle, verifyBundle } from "../../src/capabilities/bundles/index.js";
import { PENGUINS } from "./data.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const run = (...args: string[]) => quern(args, { cwd: folder });
const path = (name: string) => join(folder, name);

const ROOT = new URL("../../", import.meta.url);
/** A metric of the project's own: the share of rows whose truth has a probability above one half. */
const METRIC = `import { defineMetric } from "${new URL("dist/index.js", ROOT)}";
import { z } from "zod";
const surelyRight = defineMetric({
  id: "surely-right",
  version: 1,
  title: "Surely right",
  summary: "Share of rows whose truth has a probability above one half.",
  tasks: ["binary", "multiclass"],
  direction: "maximize",
  range: [0, 1],
  config: z.strictObject({}),
  compute({ target: { codes, classes }, predictions: { values }, weights }) {
    let [right, total] = [0, 0];
    for (const [row, code] of codes.entries()) {
      const weight = weights?.[row] ?? 1;
      total += weight;
      if (values[row * classes.length + code] > 0.5) right += weight;
    }
    return right / total;
  },
});
export const metrics = [surelyRight];
`;

beforeAll(async () => {
  symlinkSync(fileURLToPath(new URL("node_modules", ROOT)), path("node_modules"), "dir");
  writeFileSync(path("surely-right.mjs"), METRIC);
  const network = "{ trainer: neural-network, hiddenWidth: 64, steps: 60, members: 1 }";
  writeFileSync(
    path("quern.yaml"),
    `task: { metric: surely-right }\nextensions: [surely-right.mjs]\nmodels: [${network}]\n`,
  );
  const trained = await run("train", PENGUINS, "--target", "species", "--json");
  expect(trained.code, trained.stderr).toBe(0);
});

test("a network as bytes: smaller, as good, and its bundle says what was done", async () => {
  await run("export", "species", "--out", "original.quern");
  const arguments_ = ["--out", "small.quern", "--shrink", "int8", "--calibrate", PENGUINS, "--json"];
  const outcome = await run("export", "species", ...arguments_);
  expect(outcome.code, outcome.stderr).toBe(0);
  const { shrunk } = outcome.json();
  expect(shrunk).toMatchObject({
    method: "int8-dynamic",
    measure: "surely-right",
    rows: 344,
    allowedLoss: 0.01,
  });
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
  expect(bundle.metrics.shrunk).toEqual({ "surely-right": shrunk.metric.after, rows: 344 });
  expect(bundle.sample.responses).not.toEqual(
    JSON.parse(new TextDecoder().decode(original.files.get("sample.json")!)).responses,
  );
  await bundle.close();

  const evaluated = await run("evaluate", "./small.quern", PENGUINS, "--json");
  expect(evaluated.json().metrics["surely-right"]).toBeCloseTo(shrunk.metric.after, 3);
});

test("the project's own metric refuses what loses too much by it, and is named where its module is gone", async () => {
  const prune = [
    ...["export", "species", "--out", "gated", "--shrink", "prune-weights"],
    ...["--prune-share", "0.95", "--calibrate", PENGUINS, "--json"],
  ];
  const refused = await run(...prune);
  expect(refused.code).toBe(3);
  const { error } = refused.json();
  expect(error).toMatchObject({ code: "GOAL_NOT_MET", details: { shrunk: { measure: "surely-right" } } });
  const { metric, loss } = error.details.shrunk;
  expect(loss).toBeCloseTo(metric.before - metric.after, 12);
  expect(error.message).toContain(`its surely-right on 344 rows of ${PENGUINS} goes from`);
  expect(error.message).toContain("where 0.01 is allowed. Nothing was written.");
  expect(existsSync(path("gated"))).toBe(false);

  const allowed = await run(...prune, "--allowed-loss", String(loss + 0.001));
  expect(allowed.code, allowed.stderr).toBe(0);
  expect(existsSync(path("gated"))).toBe(true);

  renameSync(path("surely-right.mjs"), path("elsewhere.mjs"));
  const unknown = await run(...prune);
  renameSync(path("elsewhere.mjs"), path("surely-right.mjs"));
  expect(unknown.code).toBe(2);
  expect(unknown.json().error.message).toContain("surely-right");
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
