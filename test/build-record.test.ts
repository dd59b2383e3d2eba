/** What was built is built again if, and only if, something differs from what the last build left. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildPart, filesUnder } from "../scripts/build-record.mjs";

let folder: string;
let builds: string[];
const at = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => writeFileSync(at(name), text);

const RECORD = "out/record.json";
const isOf = (name: string) => (file: string) => file.endsWith(`.${name}`);

/** Two parts in the same folder, each a copy of its sources. */
function build(name: string, fails = false): Promise<void> {
  return buildPart(at(RECORD), {
    name,
    inputs: () => filesUnder(at("source")).filter(isOf(name)),
    outputs: () => filesUnder(at("out")).filter(isOf(name)),
    build: () => {
      builds.push(name);
      for (const file of filesUnder(at("source")).filter(isOf(name)))
        writeFileSync(file.replace(at("source"), at("out")), readFileSync(file));
      if (fails) throw new Error("does not compile");
    },
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "quern-build-"));
  builds = [];
  mkdirSync(at("source"));
  write("source/a.one", "a");
  write("source/b.one", "b");
  write("source/c.two", "c");
  for (const name of ["one", "two"]) await build(name);
  builds = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("nothing changed: nothing is built", async () => {
  // Written anew, but the same.
  write("source/a.one", "a");
  for (const name of ["one", "two"]) await build(name);
  expect(builds).toEqual([]);
});

test.each<readonly [string, () => void]>([
  ["a source changed", () => write("source/a.one", "A")],
  ["a source added", () => write("source/d.one", "")],
  ["a source renamed", () => renameSync(at("source/a.one"), at("source/d.one"))],
  ["a source gone", () => rmSync(at("source/a.one"))],
  [
    "sources whose contents changed places",
    () => ["a", "b"].map((name, i) => write(`source/${name}.one`, "ba"[i]!)),
  ],
  ["an output changed by hand", () => write("out/a.one", "A")],
  ["an output gone", () => rmSync(at("out/a.one"))],
  ["an output too many", () => write("out/d.one", "")],
  ["no output at all", () => rmSync(at("out"), { recursive: true })],
])("%s: its part is built, and is then what its sources make", async (_, change) => {
  change();
  await build("one");
  expect(builds).toEqual(["one"]);
  const names = (of: string) =>
    filesUnder(at(of))
      .filter(isOf("one"))
      .map((file) => file.slice(at(of).length))
      .sort();
  expect(names("out")).toEqual(names("source"));
  await build("one");
  expect(builds).toEqual(["one"]);
});

test("the other part stays as it is", async () => {
  write("source/a.one", "A");
  for (const name of ["one", "two"]) await build(name);
  expect(builds).toEqual(["one"]);
  expect(existsSync(at("out/c.two"))).toBe(true);
});

test("a build that failed is begun again", async () => {
  write("source/a.one", "A");
  await expect(build("one", true)).rejects.toThrow("does not compile");
  await build("one");
  expect(builds).toEqual(["one", "one"]);
});

test("a source that changes while it is built is built again", async () => {
  write("source/a.one", "A");
  await buildPart(at(RECORD), {
    name: "one",
    inputs: () => filesUnder(at("source")).filter(isOf("one")),
    outputs: () => filesUnder(at("out")).filter(isOf("one")),
    build: () => {
      write("out/a.one", "A");
      write("source/a.one", "later");
    },
  });
  await build("one");
  expect(readFileSync(at("out/a.one"), "utf8")).toBe("later");
});
