/** Rule: time is passed in. Who reads it from the air is listed here with the reason. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SOURCES = fileURLToPath(new URL("../../", import.meta.url));
const ALLOWED: Readonly<Record<string, string>> = {
  "foundation/base/clock.ts": "is the clock of the system",
  "workflows/train/latency.ts": "measures how long this machine takes, which nothing can replay",
};

test("no source reads the time from the air", () => {
  const found = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .filter((path) =>
      /Date\.now\(\)|new Date\(\)|performance\.now\(\)|process\.hrtime/.test(
        readFileSync(join(SOURCES, path), "utf8"),
      ),
    );
  expect(found.sort()).toEqual(Object.keys(ALLOWED).sort());
});
