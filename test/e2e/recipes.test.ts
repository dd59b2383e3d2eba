/** The recipes work as printed: their code is taken out, compiled strictly and run through its conformance suite. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { driftTestSuite } from "../../conformance/drift-test.js";
import { finderSuite } from "../../conformance/finder.js";
import { measureMade } from "../../conformance/finder-samples.js";
import { metricSuite } from "../../conformance/metric.js";
import { prunerSuite } from "../../conformance/pruner.js";
import { samplerSuite } from "../../conformance/sampler.js";
import { structuresInGraph } from "../../conformance/structure-graph.js";
import { trainerSuite } from "../../conformance/trainer.js";
import { predictInGraph } from "../../conformance/trainer-graph.js";
import { transformSuite } from "../../conformance/transform.js";
import { evaluateInGraph } from "../../conformance/transform-graph.js";
import { workContext } from "../../conformance/work-context.js";
import { pack, unpack } from "../../src/foundation/base/packing.js";
import { createRandom } from "../../src/foundation/base/random.js";
import type { DriftTest } from "../../src/foundation/contracts/drift-test.js";
import type { Finder } from "../../src/foundation/contracts/finder.js";
import { createFrame } from "../../src/foundation/contracts/frame.js";
import type { Metric } from "../../src/foundation/contracts/metric.js";
import type { Pruner } from "../../src/foundation/contracts/pruner.js";
import type { Sampler } from "../../src/foundation/contracts/sampler.js";
import type { StructuredTrainer } from "../../src/foundation/contracts/structured-trainer.js";
import type { Trainer } from "../../src/foundation/contracts/trainer.js";
import type { Transform } from "../../src/foundation/contracts/transform.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RECIPES = join(ROOT, "docs/recipes");

interface Recipe {
  readonly name: string;
  /** Where the reader is told to put the file, from the root of this tree or of a project of the reader's. */
  readonly place: string;
  /** A module of a reader's own project: it imports from `quern` and exports lists. */
  readonly isModule: boolean;
  readonly code: string;
}

function readRecipe(name: string): Recipe {
  const text = readFileSync(join(RECIPES, name), "utf8");
  const [, kind, place] = /^## 1\. The (file|module): `(.+)`$/m.exec(text) ?? [];
  const code = /```ts\n([\s\S]*?)```/.exec(text)?.[1];
  if (place === undefined || code === undefined) throw new Error(`${name} shows no file.`);
  return { name, place, isModule: kind === "module", code };
}

const recipes = readdirSync(RECIPES)
  .filter((name) => name.startsWith("add-a-"))
  .map(readRecipe);

// Inside the tree, so that packages resolve; the imports are those of the printed place.
const folder = mkdtempSync(join(ROOT, "test/e2e/recipes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const here = relative(folder, ROOT).replaceAll("\\", "/");
for (const { place, code } of recipes) {
  writeFileSync(
    join(folder, basename(place)),
    code
      .replace(
        /from "(\.[^"]+)"/g,
        (_, path: string) => `from "${here}/${posix.join(posix.dirname(place), path)}"`,
      )
      .replace('from "quern"', `from "${here}/dist/index.js"`),
  );
}
const load = async <T>(recipe: Recipe): Promise<T> => {
  const module: Record<string, T | T[]> = await import(join(folder, basename(recipe.place)));
  const [first] = Object.values(module);
  return Array.isArray(first) ? first[0]! : first!;
};
const find = (kind: string): Recipe => recipes.find((recipe) => recipe.name === `add-a-${kind}.md`)!;

function compile(where: string, further: Readonly<Record<string, unknown>> = {}): void {
  const options = {
    extends: join(ROOT, "tsconfig.json"),
    include: ["./*.ts"],
    compilerOptions: { rootDir: ROOT, ...further },
  };
  writeFileSync(join(where, "tsconfig.json"), JSON.stringify(options));
  const compiler = join(ROOT, "node_modules/typescript-native/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", where], { encoding: "utf8" });
  expect(status, stdout).toBe(0);
}

test("every recipe compiles under the project's own options and names a folder that exists", () => {
  compile(folder);
  for (const { place, isModule } of recipes)
    if (!isModule) expect(readdirSync(join(ROOT, dirname(place)))).not.toEqual([]);
});

test("the programs that the README and the guide show compile strictly against the package's types", () => {
  const pages = ["README.md", ...readdirSync(join(ROOT, "docs/guide")).map((name) => `docs/guide/${name}`)];
  const programs = pages.flatMap((page) =>
    [...readFileSync(join(ROOT, page), "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
      .map(([, code]) => code!)
      .filter((code) => /from "quern(\/runtime)?"/.test(code)),
  );
  expect(programs.length).toBeGreaterThan(5);
  const shown = join(folder, "shown");
  mkdirSync(shown);
  // What a page leaves to its reader.
  writeFileSync(join(shown, "reader.d.ts"), "declare const rows: readonly Record<string, unknown>[];\n");
  for (const [k, code] of programs.entries()) writeFileSync(join(shown, `program-${k}.ts`), code);
  compile(shown, {
    ...{ noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noUnusedLocals: false },
    paths: {
      quern: [join(ROOT, "dist/index.d.ts")],
      "quern/runtime": [join(ROOT, "dist/entries/runtime/index.d.ts")],
    },
  });
});

/** A recipe that cannot be loaded fails before any test could clean up. */
async function loadAll() {
  try {
    return {
      metric: await load<Metric>(find("metric")),
      trainer: await load<Trainer>(find("trainer")),
      transform: await load<Transform>(find("transform")),
      sampler: await load<Sampler>(find("sampler")),
      pruner: await load<Pruner>(find("pruner")),
      finder: await load<Finder>(find("finder")),
      driftTest: await load<DriftTest>(find("drift-test")),
      structuredTrainer: await load<StructuredTrainer<"multilabel">>(find("structured-trainer")),
    };
  } catch (failure) {
    rmSync(folder, { recursive: true, force: true });
    throw failure;
  }
}

const made = await loadAll();
test("there is a loader for every recipe", () => {
  expect(Object.keys(made)).toHaveLength(recipes.length);
});
describe("what a recipe makes passes the suite of its kind", () => {
  metricSuite(made.metric);
  trainerSuite(made.trainer, { predictInGraph });
  transformSuite(made.transform, { evaluate: evaluateInGraph });
  samplerSuite(made.sampler);
  prunerSuite(made.pruner);
  finderSuite(made.finder);
  driftTestSuite(made.driftTest);
});

describe("what the recipes make does what they say", () => {
  const number = (cells: readonly number[]) => ({ kind: "number" as const, cells });
  const random = createRandom("recipes");
  const draw = (make: () => number, rows = 200) => Array.from({ length: rows }, make);

  test("the finder finds rounded numbers, and no others", async () => {
    const input = await measureMade({
      guessed: number(draw(() => 10 * (1 + random.integer(40)))),
      measured: number(draw(() => random.normal())),
    });
    const findings = made.finder.find(input, made.finder.config.parse({}));
    expect(findings.map(({ column }) => column)).toEqual(["guessed"]);
  });

  test("the drift test tells a wider spread from a mere shift", () => {
    const config = made.driftTest.config.parse({});
    const reference = { kind: "number" as const, values: Float64Array.from(draw(() => random.normal())) };
    const ask = (values: readonly number[]) =>
      made.driftTest.compare(
        { reference, current: { kind: "number", values: Float64Array.from(values) }, random },
        config,
      )!;
    expect(ask(draw(() => 2 * random.normal())).pValue).toBeLessThan(0.01);
    expect(ask(draw(() => 3 + random.normal())).effect).toBeLessThan(0.2);
  });

  test("the structured trainer learns labels, and its graph says the same", async () => {
    const rows = 120;
    const x = Float32Array.from(draw(() => random.normal(), rows));
    const y = Float32Array.from(draw(() => random.normal(), rows));
    const features = createFrame([
      ["x", { kind: "number", values: x }],
      ["y", { kind: "number", values: y }],
    ]);
    const held = Array.from(x, (value, row) =>
      [value > 0 ? 0 : -1, y[row]! > 0 ? 1 : -1].filter((k) => k >= 0),
    );
    const target = { task: "multilabel" as const, labels: ["right", "up"], rows: held };
    const { structuredTrainer: trainer } = made;
    const fitted = await trainer.fit(
      { train: { features, target } },
      trainer.config.parse({}),
      workContext(),
    );
    const restored = trainer.restore(unpack(pack(fitted.state)));
    const said = restored.predict(features).probabilities!.data as Float32Array;
    const emitted = (await structuresInGraph(fitted, features)).probabilities!.data as Float32Array;
    expect(said.length).toBe(2 * rows);
    for (const [k, value] of said.entries()) expect(Math.abs(emitted[k]! - value)).toBeLessThan(1e-5);
    const right = held.filter((labels, row) => labels.includes(0) === said[2 * row]! >= 0.5).length;
    expect(right / rows).toBeGreaterThan(0.9);
  });
});
