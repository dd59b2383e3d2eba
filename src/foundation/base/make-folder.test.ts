import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeFileAtomic } from "./atomic-file.js";
import { makeFolder } from "./make-folder.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "quern-make-folder-"));
  writeFileSync(join(folder, "file"), "");
  symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("folders are made down to the last, and the uppermost new one is named", () => {
  expect(makeFolder(join(folder, "a", "b", "c"))).toBe(join(folder, "a"));
  expect(statSync(join(folder, "a", "b", "c")).isDirectory()).toBe(true);
  expect(makeFolder(join(folder, "a", "b"))).toBeUndefined();
});

test("a place that takes no files is said at once, by its path", () => {
  const refused = [
    ...["file", "file/x", "file/x/y", "dangling", "dangling/x", "long".repeat(100)].map((name) =>
      join(folder, name),
    ),
    // There, and nobody can make anything in it: the runtime's own recursive mkdir tries for ever.
    ...(existsSync("/proc/self/status") ? ["/proc/quern-none", "/proc/quern-none/x/y"] : []),
  ];
  for (const path of refused) {
    const where = expect.objectContaining({ code: "OUTPUT_NOT_WRITABLE", details: { path } });
    expect(() => makeFolder(path), path).toThrow(where);
  }
  const output = expect.objectContaining({ code: "OUTPUT_NOT_WRITABLE" });
  const before = readdirSync(folder);
  for (const path of [...refused.map((path) => join(path, "x.csv")), folder])
    expect(() => writeFileAtomic(path, "text"), path).toThrow(output);
  expect(readdirSync(folder)).toEqual(before);
});
