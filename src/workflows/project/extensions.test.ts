import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { QuernError } from "../../foundation/base/errors.js";
import { environmentOf, loadExtensions, transformMap } from "./extensions.js";
import { hashModule } from "./module-hash.js";

const folder = mkdtempSync(join(tmpdir(), "quern-extensions-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Outside the tree no package is found by its name.
const ZOD = new URL("../../../node_modules/zod/index.js", import.meta.url).href;
let files = 0;
function write(code: string, ending = "mjs"): string {
  const name = `module-${files++}.${ending}`;
  writeFileSync(join(folder, name), `import { z } from ${JSON.stringify(ZOD)};\n${code}`);
  return name;
}
const load = (...extensions: string[]) => loadExtensions({ extensions }, folder);
const common = "version: 1, summary: 'Made for a test.', config: z.strictObject({})";
const pruner = (id: string) => `{ id: ${JSON.stringify(id)}, ${common}, prune: () => false }`;

describe("loadExtensions", () => {
  test("puts every kind behind the built-in ones", async () => {
    const name = write(`
      export const metrics = [{ id: "own-metric", ${common}, tasks: [], direction: "maximize", compute: () => 1 }];
      export const trainers = [{ id: "own-trainer", ${common}, tasks: [], capabilities: {}, estimate() {}, fit() {}, restore() {} }];
      export const structuredTrainers = [{ id: "own-tagger", ${common}, task: "tagging", estimate() {}, fit() {}, restore() {} }];
      export const transforms = [{ id: "own-transform", ${common}, accepts: [], fit() {}, apply() {}, emit() {} }];
      export const finders = [{ id: "own-finder", ${common}, find: () => [] }];
      export const samplers = [{ id: "own-sampler", ${common}, suggest: () => [] }];
      export const pruners = [${pruner("own-pruner")}];
      export const driftTests = [{ id: "own-test", ${common}, accepts: [], leastEffect: 0, compare() {} }];`);
    const [plain, loaded] = [await load(), await load(name)];
    for (const [kind, list] of Object.entries(plain)) {
      if (!Array.isArray(list)) continue;
      const all = loaded[kind as "metrics"];
      const ids = (extensions: readonly { readonly id: string }[]) => extensions.map(({ id }) => id);
      expect(ids(all).slice(0, -1), kind).toEqual(ids(list));
      expect(ids(all).at(-1), kind).toMatch(/^own-/);
    }
    expect(transformMap(loaded).has("own-transform")).toBe(true);
    expect(loaded.modules).toEqual({ [name]: hashModule(join(folder, name)) });
  });

  test.each([
    ["nothing known", "export const pruner = [];", /exports no list of extensions.*pruners/],
    ["no list", "export const pruners = {};", /`pruners`, which is no list/],
    [
      "a part missing",
      `export const pruners = [{ id: "a", ${common} }];`,
      /without `prune`; make it with definePruner/,
    ],
    ["no object", "export const pruners = [null];", /without `id`/],
    ["an id of another form", `export const pruners = [${pruner("Own Pruner")}];`, /kebab-case/],
    ["an id that exists", `export const pruners = [${pruner("median")}];`, /"median", which exists already/],
    ["an id twice", `export const pruners = [${pruner("a")}, ${pruner("a")}];`, /"a", which exists already/],
    [
      "no version",
      `export const pruners = [{ ...${pruner("a")}, version: "1" }];`,
      /version is no whole number/,
    ],
    ["no schema", `export const pruners = [{ ...${pruner("a")}, config: {} }];`, /no object of zod 4/],
    [
      "a field without a default",
      `export const pruners = [{ ...${pruner("a")}, config: z.strictObject({ k: z.number() }) }];`,
      /a field without a default/,
    ],
    [
      "a transform that no graph can hold",
      `export const transforms = [{ id: "a", ${common}, accepts: [], fit() {}, apply() {} }];`,
      /without `emit`/,
    ],
    ["code that fails", "throw new Error('on purpose');", /cannot be loaded: on purpose/],
  ])("refuses a module with %s", async (_, code, message) => {
    const name = write(code);
    const failure = await load(name).catch((error: unknown) => error);
    expect(QuernError.is(failure) && failure.code).toBe("CONFIG_INVALID");
    expect(failure).toMatchObject({ message: expect.stringMatching(message), details: { module: name } });
  });

  test("names a module that is not there, and how TypeScript is run where Node does not", async () => {
    await expect(load("nowhere.mjs")).rejects.toMatchObject({
      message: expect.stringContaining("does not exist"),
    });
    const name = write(`const list: unknown[] = [${pruner("typed")}];\nexport const pruners = list;`, "ts");
    const loading = load(name);
    if ((process.features as { typescript?: unknown }).typescript)
      expect((await loading).pruners.at(-1)!.id).toBe("typed");
    else await expect(loading).rejects.toMatchObject({ hint: expect.stringContaining("npx esbuild") });
  });
});

describe("hashModule", () => {
  test("changes with the module and with what it imports, not with where it lies", () => {
    const main = join(folder, "main.mjs");
    const helper = join(folder, "helper.mjs");
    writeFileSync(main, 'import { a } from "./helper.mjs";\nimport "./gone.mjs";\nexport const b = a;\n');
    writeFileSync(helper, 'import "./main.mjs";\nexport const a = 1;\n');
    const before = hashModule(main);
    expect(hashModule(main)).toBe(before);
    writeFileSync(helper, 'import "./main.mjs";\nexport const a = 2;\n');
    expect(hashModule(main)).not.toBe(before);
    const own = fileURLToPath(new URL("../../../test/fixtures/loose-json.ts", import.meta.url));
    expect(hashModule(own)).toMatch(/^[0-9a-f]{64}$/);
  });

  test("leaves keys of steps as they were where a project has no modules", () => {
    expect(Object.keys(environmentOf({}))).toEqual(["quern"]);
    expect(environmentOf({ a: "1" })).not.toEqual(environmentOf({ a: "2" }));
  });
});
