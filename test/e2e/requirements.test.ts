/** docs/requirements.md is true: each test it names exists and says the number. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const ROWS = [...read("docs/requirements.md").matchAll(/^\| (\d+) \| .*? \| (.*) \|$/gm)].map(
  ([, number, files]) => ({
    number: Number(number),
    files: [...files!.matchAll(/`([^`]+)`/g)].map(([, path]) => path!),
  }),
);

test("every requirement is listed once, or the reason why it has no test", () => {
  expect(ROWS.map(({ number }) => number)).toEqual([
    ...Array.from({ length: 20 }, (_, k) => k + 1),
    22,
    23,
    24,
  ]);
  expect(read("docs/requirements.md")).toContain("\n- 21, ");
});

test.each(ROWS)("requirement $number is named by its tests", ({ number, files }) => {
  expect(files.length).toBeGreaterThan(0);
  for (const path of files)
    expect(new RegExp(`requirement ${number}\\b`, "i").test(read(path)), path).toBe(true);
});
