/** Extensions as a user writes them: modules beside the project, made of what the recipes print. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { afterAll, expect, test } from "vitest";
import { createRandom } from "../../src/foundation/base/random.js";
import { EXAMPLES, quern, workFolder } from "./quern.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
// Inside the tree, so that a module finds `quern` and `zod` as it would in a project that has installed them.
const folder = mkdtempSync(join(ROOT, "test/e2e/extensions-"));
const elsewhere = workFolder();
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  elsewhere.remove();
});

/** The code of a recipe as a module of one's own, without types. @param list what the file of the tree exports, as a list */
function writeModule(recipe: string, list = ""): string {
  const text = readFileSync(join(ROOT, `docs/recipes/add-a-${recipe}.md`), "utf8");
  const code = /```ts\n([\s\S]*?)```/.exec(text)![1]!.replace(/from "\.[^"]+"/g, 'from "quern"');
  writeFileSync(join(folder, `${recipe}.mjs`), transformSync(code + list, { loader: "ts" }).code);
  return `${recipe}.mjs`;
}

const random = createRandom("extensions");
function writeRows(name: string, rows: number, spread: number): string {
  const lines = Array.from({ length: rows }, () => {
    const height = Number((spread * random.normal()).toPrecision(6));
    const price = 100 + 40 * Math.abs(height) + random.normal();
    return [height, 10 * random.integer(30), random.normal().toFixed(4), price.toFixed(3)].join(",");
  });
  writeFileSync(join(folder, name), `${["height,guess,other,price", ...lines].join("\n")}\n`);
  return name;
}

async function run(...args: string[]) {
  const outcome = await quern(args, { cwd: folder });
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome.json();
}

test("extensions of every kind take part in a training, and its model is served without them", async () => {
  const modules = [
    ...[writeModule("metric", "export const metrics = [withinTolerance];")],
    ...[writeModule("transform", "export const transforms = [absolute];")],
    ...["sampler", "pruner", "finder", "drift-test"].map((recipe) => writeModule(recipe)),
  ];
  writeRows("houses.csv", 300, 1);
  const project = `name: houses
task: { target: price, metric: within-tolerance, goals: { within-tolerance: ">= 0.9", mse: ">= 0" } }
data: { source: houses.csv }
extensions: [${modules.join(", ")}]
features:
  - { transform: absolute, columns: [height] }
models: [ridge]
tuning: { trials: 6, sampler: near-best, pruner: far-behind }
ensemble: { folds: 3 }
`;
  writeFileSync(join(folder, "quern.yaml"), project);
  const result = await run("train", "--json");
  expect(result.metric.name).toBe("within-tolerance");
  expect(result.goals).toMatchObject([
    { name: "within-tolerance", met: true },
    { name: "mse", met: true },
  ]);
  // No straight line in the height itself tells the price.
  expect(result.metrics.r2).toBeGreaterThan(0.95);
  expect(result.leaderboard).toHaveLength(6);
  expect(result.parity.maxAbsDiff).toBeLessThan(1e-5);
  expect(result.findings).toContainEqual(expect.objectContaining({ id: "rounded-numbers", column: "guess" }));

  // Nothing but the bundle: the transform is in its graph.
  copyFileSync(join(folder, "houses.csv"), join(elsewhere.folder, "rows.csv"));
  const predicted = await quern(["predict", result.bundle, "rows.csv", "--out", "said.csv", "--json"], {
    cwd: elsewhere.folder,
  });
  expect(predicted.json()).toMatchObject({ rows: 300 });

  // What is judged again is judged by the metric that chose it, where its module is.
  expect((await run("evaluate", "houses", "houses.csv", "--json")).metric.name).toBe("within-tolerance");

  writeRows("later.csv", 300, 2);
  const watched = await quern(["monitor", "houses", "--data", "later.csv", "--json"], { cwd: folder });
  const { checks } = watched.json().drift;
  const check = { column: "height", check: "own", test: "spread", alarm: true };
  expect(checks).toContainEqual(expect.objectContaining(check));

  const again = await run("train", "--json");
  expect(again.cached.hits).toBe(again.cached.steps);
  const code = readFileSync(join(folder, "transform.mjs"), "utf8");
  writeFileSync(join(folder, "transform.mjs"), `${code}\n// Other code, even if it does the same.\n`);
  expect((await run("train", "--json")).cached.hits).toBe(0);
});

test("a trainer of labels of one's own is trained beside the built-in one", async () => {
  const lines = Array.from({ length: 150 }, () => {
    const [x, y] = [random.normal(), random.normal()];
    const labels = [...(x > 0 ? ["right"] : []), ...(y > 0 ? ["up"] : [])];
    return `${x.toFixed(4)},${y.toFixed(4)},${labels.join("|") || "[]"}`;
  });
  writeFileSync(join(folder, "labels.csv"), `${["x,y,labels", ...lines].join("\n")}\n`);
  writeFileSync(
    join(folder, "labels.yaml"),
    `name: labels
task: { type: multilabel, target: labels }
data: { source: labels.csv }
extensions: [${writeModule("structured-trainer")}]
models: [label-means]
`,
  );
  const result = await run("train", "--project", "labels.yaml", "--json");
  expect(result.leaderboard).toMatchObject([{ trainer: "label-means" }]);
  expect(result.metric.value).toBeGreaterThan(0.8);
});

test("a module, a feature step or a TypeScript module that cannot be used is named before any work", async () => {
  const refused = async (text: string) => {
    const data = `data: { source: ${join(EXAMPLES, "data/abalone.csv")} }\n`;
    writeFileSync(join(elsewhere.folder, "quern.yaml"), `task: { target: Class_Rings }\n${data}${text}`);
    const outcome = await quern(["train", "--json"], { cwd: elsewhere.folder });
    expect(outcome.code, outcome.stderr).toBe(2);
    expect(readdirSync(elsewhere.folder)).not.toContain(".quern");
    return outcome.json().error;
  };
  copyFileSync(join(EXAMPLES, "data/LICENCES.md"), join(elsewhere.folder, "not-code.mjs"));
  expect(await refused("extensions: [./not-code.mjs]\n")).toMatchObject({
    code: "CONFIG_INVALID",
    details: { module: "./not-code.mjs" },
  });
  expect(await refused("features: [{ transform: logg, columns: [Length] }]\n")).toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("did you mean log?"),
  });
});
