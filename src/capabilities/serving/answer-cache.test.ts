import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QuernError } from "../../foundation/base/errors.js";
import type { BundleInput, Manifest } from "../../foundation/contracts/bundle.js";
import type { Row } from "../../foundation/contracts/prediction.js";
import { AnswerCache, answerKey } from "./answer-cache.js";
import { answerFromCache } from "./cached-answers.js";

const inputs = ["a", "b"].map((name) => ({
  column: { name, kind: "number", reason: "" },
  optional: true,
})) as unknown as BundleInput[];
const manifest = { inputs } as Manifest;

describe("keys of rows", () => {
  const key = (row: Row) => answerKey("bundle", inputs, row);
  it("are equal exactly where the model's columns are equal", () => {
    const cell = fc.oneof(
      fc.constantFrom(null, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, "0", "", true, "null"),
      fc.array(fc.constantFrom(0, -0, null, 1)),
      fc.double({ noNaN: true }),
      fc.string(),
    );
    const row = fc.record({ a: cell, b: cell, other: fc.anything() }, { requiredKeys: [] });
    fc.assert(
      fc.property(row, row, (one, two) => {
        const same = ["a", "b"].every(
          (name) =>
            Object.hasOwn(one, name) === Object.hasOwn(two, name) &&
            equal(one[name as "a"], two[name as "a"]),
        );
        expect(key(one) === key(two)).toBe(same);
        expect(key({ b: one.b, a: one.a, other: 1 })).toBe(key({ a: one.a, b: one.b }));
      }),
      { numRuns: 500 },
    );
  });
  const equal = (one: unknown, two: unknown): boolean =>
    Array.isArray(one) && Array.isArray(two)
      ? one.length === two.length && one.every((value, k) => equal(value, two[k]))
      : Object.is(one, two);
  it("belong to one bundle, and are none for what is too long or no JSON", () => {
    expect(answerKey("other", inputs, { a: 1 })).not.toBe(key({ a: 1 }));
    expect(key({ a: "x".repeat(5000) })).toBeUndefined();
    expect(key({ a: 1n })).toBeUndefined();
  });
});

describe("a cache of answers", () => {
  it("stays within its bytes and gives up what was not used for longest", () => {
    const cache = new AnswerCache({ maximumBytes: 10_000 });
    for (let k = 0; k < 1000; k++) {
      cache.set(`key ${k}`, { prediction: k });
      expect(cache.get("key 0")).toEqual({ prediction: 0 });
      expect(cache.bytes).toBeLessThanOrEqual(10_000);
    }
    expect(cache.get("key 500")).toBeUndefined();
    expect(cache.get("key 999")).toEqual({ prediction: 999 });
    const { bytes } = cache;
    cache.set("key 999", { prediction: 999 });
    expect(cache.bytes).toBe(bytes);
    cache.set("large", { label: "x".repeat(10_000), probabilities: {} });
    expect(cache.get("large")).toBeUndefined();
  });

  const computed: Row[][] = [];
  const model = (bundle: string, factor: number, cache: AnswerCache, counts: number[][] = []) => ({
    ...{ cache, bundle, manifest },
    predict: async (rows: readonly Row[]) => {
      computed.push([...rows]);
      const bad = rows.findIndex((row) => row.a === "bad");
      if (bad >= 0) throw new QuernError("PREDICTION_INPUT", "bad", { details: { row: bad } });
      return rows.map((row) => ({ prediction: factor * Number(row.a) }));
    },
    onRows: (hits: number, misses: number) => void counts.push([hits, misses]),
  });

  it("computes only what is not known, in order, and never answers for another version", async () => {
    const cache = new AnswerCache({ maximumBytes: 10_000 });
    const counts: number[][] = [];
    const first = model("one", 1, cache, counts);
    const ask = (rows: Row[], of = first) => answerFromCache(of, rows);
    await ask([{ a: 1 }, { a: 2 }]);
    computed.length = 0;
    expect(await ask([{ a: 3 }, { a: 2, other: "x" }, { a: 4 }, { a: 1 }])).toEqual(
      [3, 2, 4, 1].map((prediction) => ({ prediction })),
    );
    expect(computed).toEqual([[{ a: 3 }, { a: 4 }]]);
    expect(counts).toEqual([
      [0, 2],
      [2, 2],
    ]);
    expect(await ask([{ a: 1 }], model("two", 10, cache))).toEqual([{ prediction: 10 }]);
    expect(await ask([{ a: 1 }])).toEqual([{ prediction: 1 }]);
  });

  it("names a mistake by its row among all", async () => {
    const cache = new AnswerCache({ maximumBytes: 10_000 });
    const only = model("one", 1, cache);
    await answerFromCache(only, [{ a: 1 }]);
    const failing = answerFromCache(only, [{ a: 1 }, { a: 1 }, { a: "bad" }]);
    await expect(failing).rejects.toMatchObject({ details: { row: 2 } });
    await expect(answerFromCache(only, [null as never])).rejects.toThrow();
  });
});
