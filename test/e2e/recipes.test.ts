/** The recipes work as printed: their code is taken out, compiled strictly and run through its conformance suite. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { metricSuite } from "../../conformance/metric.js";
import { trainerSuite } from "../../conformance/trainer.js";
import { predictInGraph } from "../../conformance/trainer-graph.js";
import { transformSuite } from "../../conformance/transform.js";
import { evaluateInGraph } from "../../conformance/transform-graph.js";
import type { Metric } from "../../src/foundation/contracts/metric.js";
import type { Trainer } from "../../src/foundation/contracts/trainer.js";
import type { Transform } from "../../src/foundation/contracts/transform.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RECIPES = join(ROOT, "docs/recipes");

interface Recipe {
  readonly name: string;
  /** Where the reader is told to put the file, from the root. */
  readonly place: string;
  readonly code: string;
}

function readRecipe(name: string): Recipe {
  const text = readFileSync(join(RECIPES, name), "utf8");
  const place = /^## 1\. The file: `(.+)`$/m.exec(text)?.[1];
  const code = /```ts\n([\s\S]*?)```/.exec(text)?.[1];
  if (place === undefined || code === undefined) throw new Error(`${name} shows no file.`);
  return { name, place, code };
}

const recipes = readdirSync(RECIPES)
  .filter((name) => name.startsWith("add-a-"))
  .map(readRecipe);

// Inside the tree, so that packages resolve; the imports are those of the printed place.
const folder = mkdtempSync(join(ROOT, "test/e2e/recipes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const { place, code } of recipes) {
  const here = relative(folder, ROOT).replaceAll("\\", "/");
  writeFileSync(
    join(folder, basename(place)),
    code.replace(
      /from "(\.[^"]+)"/g,
      (_, path: string) => `from "${here}/${posix.join(posix.dirname(place), path)}"`,
    ),
  );
}
const load = async <T>(recipe: Recipe): Promise<T> => {
  const module: Record<string, T> = await import(join(folder, basename(recipe.place)));
  return Object.values(module)[0]!;
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
  for (const { place } of recipes) expect(readdirSync(join(ROOT, dirname(place)))).not.toEqual([]);
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
async function loadAll(): Promise<[Metric, Trainer, Transform]> {
  try {
    return [await load(find("metric")), await load(find("trainer")), await load(find("transform"))];
  } catch (failure) {
    rmSync(folder, { recursive: true, force: true });
    throw failure;
  }
}

const [metric, trainer, transform] = await loadAll();
describe("what a recipe makes passes the suite of its kind", () => {
  metricSuite(metric);
  trainerSuite(trainer, { predictInGraph });
  transformSuite(transform, { evaluate: evaluateInGraph });
});
