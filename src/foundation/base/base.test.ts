import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFileAtomic } from "./atomic-file.js";
import { canonicalJson } from "./canonical-json.js";
import { ERROR_TABLE, QuernError } from "./errors.js";
import { hashValue } from "./hash.js";
import { nearest } from "./nearest.js";
import { pack, unpack } from "./packing.js";
import { resolveInside } from "./path-resolver.js";
import { createRandom } from "./random.js";
import { QUERN_VERSION } from "./version.js";

describe("errors", () => {
  test("are recognised by marker and survive JSON", () => {
    const error = new QuernError("DATA_EMPTY", "a.csv has no rows.", { details: { file: "a.csv" } });
    expect(QuernError.is(error)).toBe(true);
    expect(QuernError.is(new Error("x"))).toBe(false);
    const copy = QuernError.fromJSON(JSON.parse(JSON.stringify(error)));
    expect(copy.toJSON()).toEqual(error.toJSON());
  });

  test("the documentation lists every code of the table, and no other", () => {
    const documented = [
      ...readFileSync("docs/errors.md", "utf8").matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (\d+) \|/gm),
    ];
    const rows = documented.map(([, code, http, exit]) => [code, Number(http), Number(exit)]);
    expect(rows).toEqual(Object.entries(ERROR_TABLE).map(([code, entry]) => [code, entry.http, entry.exit]));
  });

  test("the version is the package's", () => {
    expect(JSON.parse(readFileSync("package.json", "utf8")).version).toBe(QUERN_VERSION);
  });
});

describe("canonical JSON and hashes", () => {
  test("do not depend on key order", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(hashValue(reversed)).toBe(hashValue(value));
      }),
    );
  });
});

describe("random numbers", () => {
  test("repeat for a seed, differ between seeds and forks", () => {
    const draw = (seed: string | number) => Array.from({ length: 5 }, () => createRandom(seed).uniform());
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(createRandom(1).fork("a").uniform()).not.toBe(createRandom(1).fork("b").uniform());
  });

  test("are uniform and normal", () => {
    const random = createRandom(7);
    const n = 200_000;
    let sum = 0;
    let square = 0;
    const counts = new Int32Array(10);
    for (let i = 0; i < n; i++) {
      const z = random.normal();
      sum += z;
      square += z * z;
      counts[random.integer(10)]!++;
    }
    expect(Math.abs(sum / n)).toBeLessThan(0.01);
    expect(Math.abs(square / n - 1)).toBeLessThan(0.02);
    const chiSquare = counts.reduce((total, count) => total + (count - n / 10) ** 2 / (n / 10), 0);
    expect(chiSquare).toBeLessThan(27.9); // 0.999 quantile, 9 degrees of freedom
  });

  test("a permutation holds every index once", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(), (n, seed) => {
        expect([...createRandom(seed).permutation(n)].sort((a, b) => a - b)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
      }),
    );
  });
});

describe("packing", () => {
  const value = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.float64Array(),
      fc.int32Array(),
      fc.float32Array(),
      fc.uint8Array(),
      fc.array(tie("tree")),
      fc.dictionary(fc.stringMatching(/^[a-z]+$/), tie("tree")),
    ),
  })).tree;

  test("unpack is the inverse of pack, and equal values give equal bytes", () => {
    fc.assert(
      fc.property(value, (item) => {
        const bytes = pack(item);
        expect(canonicalJson(unpack(bytes))).toBe(canonicalJson(item));
        expect(pack(unpack(bytes))).toEqual(bytes);
      }),
    );
  });

  test("cut bytes are refused, never misread", () => {
    const bytes = pack({ a: new Float64Array(8), b: "text" });
    for (let length = 0; length < bytes.length; length++)
      expect(() => unpack(bytes.slice(0, length))).toThrow();
  });
});

describe("files", () => {
  let root = "";
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "quern-base-"));
    mkdirSync(join(root, "inside"));
    writeFileSync(join(root, "inside/a.txt"), "a");
    writeFileSync(join(root, "secret.txt"), "s");
    symlinkSync(join(root, "secret.txt"), join(root, "inside/link.txt"));
    symlinkSync(root, join(root, "inside/parent"));
    linkSync(join(root, "secret.txt"), join(root, "inside/hard.txt"));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  test("requirement 9: an atomic write replaces the content and leaves nothing else", () => {
    const path = join(root, "written/文件.json");
    writeFileAtomic(path, "1");
    writeFileAtomic(path, "22");
    expect(readFileSync(path, "utf8")).toBe("22");
    expect(readdirSync(join(root, "written"))).toEqual(["文件.json"]);
  });

  test("requirement 2: the resolver admits a plain file inside and nothing else", () => {
    const inside = join(root, "inside");
    expect(resolveInside(inside, "a.txt")).toMatch(/a\.txt$/);
    const hostile = [
      "../secret.txt",
      "/etc/passwd",
      "a/../../secret.txt",
      "link.txt",
      "hard.txt",
      "parent/secret.txt",
      "..",
      ".",
      "",
      "a%2e",
      "%252e%252e/secret.txt",
      "..\\secret.txt",
      "C:\\x",
      "c:x",
      "a\0b",
      "missing.txt",
      "a.txt/b",
      "//a.txt",
      "./a.txt",
    ];
    for (const name of hostile) expect(() => resolveInside(inside, name), name).toThrow(QuernError);
  });
});

describe("nearest word", () => {
  test("finds slips and admits ignorance", () => {
    expect(nearest("trian", ["train", "explain"])).toBe("train");
    expect(nearest("zzzz", ["train", "explain"])).toBeUndefined();
  });
});
