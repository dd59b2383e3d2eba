/** Requirement 1: nothing that comes with a model is run, whatever it pretends to be. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packArchive } from "../../src/foundation/base/archive.js";

const root = mkdtempSync(join(tmpdir(), "quern-inert-"));
const marker = join(root, "it-ran");
beforeAll(() => mkdirSync(join(root, "models")));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A pickle that calls `os.system` when it is read: GLOBAL, MARK, text, TUPLE, REDUCE. */
const pickle = (command: string): Buffer => Buffer.from(`cos\nsystem\n(S'${command}'\ntR.`, "latin1");
const shell = `touch ${marker}`;
const script = `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "")`;

/** Files as other tools ship models: all of them run code when their own loader reads them. */
const CORPUS: Readonly<Record<string, Readonly<Record<string, Buffer | string>>>> = {
  "a pickle as the graph": { "model.onnx": pickle(shell), "manifest.json": "{}" },
  "joblib beside a manifest": { "model.joblib": pickle(shell), "manifest.json": "{}" },
  "a torch archive": {
    "model.onnx": Buffer.from(packArchive(new Map([["archive/data.pkl", pickle(shell)]]))),
    "manifest.json": "{}",
  },
  "an MLmodel with a Python loader": {
    MLmodel: "flavors:\n  python_function:\n    loader_module: evil\n    code: code\n",
    "code/evil.py": `import os; os.system(${JSON.stringify(shell)})`,
  },
  "YAML with a constructor": { "manifest.json": `!!python/object/apply:os.system ["${shell}"]` },
  "a manifest that is a script": { "manifest.json": script, "manifest.js": script, "index.js": script },
  "a package with hooks": {
    "package.json": JSON.stringify({ main: "index.js", scripts: { preinstall: shell, install: shell } }),
    "index.js": script,
    "manifest.json": "{}",
  },
  "a native library": {
    "model.onnx": Buffer.concat([Buffer.from("\x7fELF"), Buffer.alloc(200)]),
    "custom_ops.so": "x",
  },
  "a Keras lambda": { "model.onnx": Buffer.concat([Buffer.from("\x89HDF\r\n\x1a\n"), Buffer.from(shell)]) },
  "safetensors with a header of a terabyte": {
    "model.safetensors": Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1, 0, 0]), Buffer.from("{}")]),
    "manifest.json": "{}",
  },
};

const LOADER = `
const dist = ${JSON.stringify(new URL("../../dist/", import.meta.url).href)};
const { loadBundle } = await import(dist + "capabilities/bundles/index.js");
const { loadModel } = await import(dist + "workflows/use/load-model.js");
const { createTransforms } = await import(dist + "capabilities/features/index.js");
const before = process.getActiveResourcesInfo().filter((kind) => /Process|TCP|UDP|Pipe/.test(kind)).length;
const codes = [];
for (const path of process.argv.slice(1)) {
  for (const open of [() => loadBundle(path, { threads: 1, hostTransforms: createTransforms() }), () => loadModel(path, { store: path })])
    await open().then(() => codes.push("loaded"), (failure) => codes.push(failure.code));
}
await new Promise((resolve) => setTimeout(resolve, 100));
const after = process.getActiveResourcesInfo().filter((kind) => /Process|TCP|UDP|Pipe/.test(kind)).length;
console.log(JSON.stringify({ codes, opened: after - before }));
`;

test("requirement 1: a malicious corpus is refused and leaves no file, process or socket", () => {
  const paths = Object.entries(CORPUS).map(([name, files], index) => {
    const folder = join(root, "models", String(index));
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(join(folder, file, ".."), { recursive: true });
      writeFileSync(join(folder, file), content);
    }
    return { name, folder, files: readdirSync(folder, { recursive: true }).length };
  });
  const child = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", LOADER, "--", ...paths.map(({ folder }) => folder)],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  expect(child.status, child.stderr).toBe(0);
  const { codes, opened } = JSON.parse(child.stdout) as { codes: string[]; opened: number };
  expect(codes).toHaveLength(2 * paths.length);
  for (const code of codes)
    expect(code).toMatch(/^(BUNDLE_INVALID|MODEL_REFUSED|PATH_REFUSED|MODEL_NOT_FOUND|STORE_NOT_FOUND)$/);
  expect(opened).toBe(0);
  expect(existsSync(marker)).toBe(false);
  for (const { folder, files } of paths) expect(readdirSync(folder, { recursive: true })).toHaveLength(files);
});
