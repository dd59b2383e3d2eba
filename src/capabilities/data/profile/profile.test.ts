import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { openTable } from "../../../engines/table/index.js";
import { pearson, spearman } from "../../../foundation/base/correlation.js";
import { averageRanks } from "../../../foundation/base/ranks.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import {
  chiSquareTail,
  kolmogorovDistance,
  kolmogorovTail,
} from "../../../foundation/base/tail-probability.js";
import type { ColumnKind, ColumnSchema } from "../../../foundation/contracts/column.js";
import { type Profile, profileSchema } from "../../../foundation/contracts/profile.js";
import { type MeasureOptions, profileTable } from "./profile-table.js";
import { numberCells } from "./statistics/cells.js";
import { contingencyTable, correlationRatio, cramersV } from "./statistics/correlation.js";
import { explainedShare, prepareTarget } from "./statistics/explained-share.js";

const expected = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/profile/expected.json", import.meta.url), "utf8"),
);
const rows: number = expected.rows;
const made = (make: (i: number) => number): Float64Array =>
  Float64Array.from({ length: rows }, (_, i) => make(i));
const data: Record<string, Float64Array> = {
  wave: made((i) => Math.sin(i * 12.9898) * 43.5),
  tail: made((i) => ((i * 7919) % 1009) ** 3 / 1000 + 1e6),
  small: made((i) => (i * 31) % 7),
  gaps: made((i) => (i % 11 === 0 ? Number.NaN : ((i * 17) % 101) / 7)),
  related: made((i) => Math.sin(i * 12.9898) * 43.5 * 2 + ((i * 13) % 29)),
};
const letters = Int32Array.from({ length: rows }, (_, i) => (i * i) % 6);
const words = letters.map((code, i) => (code + (i % 3 === 0 ? 1 : 0)) % 6);

const folder = mkdtempSync(join(tmpdir(), "quern-profile-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
async function profile(
  text: string,
  kinds: Record<string, ColumnKind>,
  options: MeasureOptions = {},
): Promise<Profile> {
  const path = join(folder, `${files++}.csv`);
  writeFileSync(path, text);
  const table = await openTable({ format: "delimited", files: [{ path }] }, { threads: 2 });
  try {
    const schema: ColumnSchema[] = Object.entries(kinds).map(([name, kind]) => ({
      name,
      kind,
      reason: "test",
      ...(kind === "number" && { precision: "float64" as const }),
    }));
    return profileSchema.parse(await profileTable(table, schema, options));
  } finally {
    await table.close();
  }
}
const csv = (columns: Record<string, ArrayLike<number | string>>): string => {
  const names = Object.keys(columns);
  const length = columns[names[0]!]!.length;
  const lines = Array.from({ length }, (_, i) =>
    names.map((name) => (Number.isNaN(columns[name]![i]) ? "" : columns[name]![i])).join(","),
  );
  return `${names.join(",")}\n${lines.join("\n")}\n`;
};

describe("statistics agree with SciPy", () => {
  it("ranks, correlations, Cramér's V, correlation ratio", () => {
    expect([...averageRanks([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])]).toEqual(expected.ranks);
    for (const [a, b, value] of expected.pearson) expect(pearson(data[a]!, data[b]!)).toBeCloseTo(value, 12);
    for (const [a, b, value] of expected.spearman)
      expect(spearman(data[a]!, data[b]!)).toBeCloseTo(value, 12);
    expect(cramersV(contingencyTable(letters, words, 6, 6))).toBeCloseTo(expected.cramersV, 12);
    expect(correlationRatio(letters, data.related!, 6)).toBeCloseTo(expected.correlationRatio, 12);
  });

  it("tail probabilities", () => {
    for (const [x, k, tail] of expected.chiSquareTail) expect(chiSquareTail(x, k) / tail).toBeCloseTo(1, 9);
    for (const [a, b, distance, tail] of expected.kolmogorov) {
      const [first, second] = [a, b].map((name: string) =>
        data[name]!.filter((x) => !Number.isNaN(x)).sort(),
      );
      expect(kolmogorovDistance(first!, second!)).toBeCloseTo(distance, 12);
      expect(kolmogorovTail(distance, first!.length, second!.length)).toBeCloseTo(tail, 9);
    }
  });

  it("are undefined, not wrong, where there is nothing to measure", () => {
    expect(pearson([1, 1, 1], [1, 2, 3])).toBeNaN();
    expect(pearson([1, 2], [1, 2])).toBeNaN();
    expect(cramersV(contingencyTable([0, 0], [0, 1], 2, 2))).toBeNaN();
    expect(correlationRatio([0, 0, 0], [1, 2, 3], 1)).toBeNaN();
    expect(quantileOfSorted([], 0.5)).toBeNaN();
  });
});

describe("explainedShare", () => {
  const sample = Int32Array.from({ length: 2000 }, (_, i) => i);
  const noise = (seed: number) => (i: number) => Math.abs(Math.sin(i * 78.233 + seed) * 43758.5453) % 1;

  it("is 0 for noise and unique values, near 1 for the target itself and its monotone transforms", () => {
    const values = Float64Array.from(sample, noise(1));
    const target = prepareTarget({ task: "regression", values }, sample)!;
    expect(explainedShare(numberCells(values), target)).toBeGreaterThan(0.99);
    expect(explainedShare(numberCells(values.map((x) => Math.exp(20 * x))), target)).toBeGreaterThan(0.99);
    expect(explainedShare(numberCells(Float64Array.from(sample, noise(2))), target)).toBeLessThan(0.02);
    const unique = { codes: sample, count: sample.length, scale: "category" as const };
    expect(explainedShare(unique, target)).toBeLessThan(0.01);
  });

  it("estimates Goodman and Kruskal's tau", () => {
    const codes = Int32Array.from(sample, (i) => i % 4);
    const flips = noise(3);
    const classes = Int32Array.from(sample, (i) =>
      flips(i) < 0.8 ? (i % 4 < 2 ? 0 : 1) : 1 - (i % 4 < 2 ? 0 : 1),
    );
    const target = prepareTarget({ task: "binary", codes: classes, classes: ["a", "b"] }, sample)!;
    // tau = 1 - 2 * 0.8 * 0.2 / (2 * 0.5 * 0.5) = 0.36
    expect(explainedShare({ codes, count: 4, scale: "category" }, target)).toBeCloseTo(0.36, 1);
  });

  it("asks for 30 rows and two outcomes", () => {
    const few = Int32Array.from({ length: 29 }, (_, i) => i);
    expect(prepareTarget({ task: "regression", values: Float64Array.from(few) }, few)).toBeUndefined();
    expect(prepareTarget({ task: "regression", values: new Float64Array(2000) }, sample)).toBeUndefined();
  });
});

describe("profileTable", () => {
  it("agrees with pandas on every figure of a number column", async () => {
    const kinds = Object.fromEntries(Object.keys(data).map((name) => [name, "number" as const]));
    const result = await profile(csv(data), kinds);
    expect(result.rows).toBe(rows);
    for (const column of result.columns) {
      const wanted = expected.columns[column.name];
      expect({ count: column.count, missing: column.missing, unique: column.unique }).toEqual({
        count: wanted.count,
        missing: wanted.missing,
        unique: wanted.unique,
      });
      expect(column.uniqueExact).toBe(true);
      const figures = column.number!;
      for (const name of ["min", "max", "mean", "standardDeviation", "skewness"] as const) {
        expect(Math.abs(figures[name]! - wanted[name])).toBeLessThan(
          1e-9 * Math.max(1, Math.abs(wanted[name])),
        );
      }
      expect([figures.zeros, figures.negative]).toEqual([wanted.zeros, wanted.negative]);
      for (const [name, value] of Object.entries(wanted.quantiles as Record<string, number>)) {
        expect(Math.abs(figures.quantiles[name as "p50"] - value)).toBeLessThan(
          1e-9 * Math.max(1, Math.abs(value)),
        );
      }
      expect(figures.histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(wanted.count);
      if (column.name === "small") {
        expect(column.top!.map(({ count }) => count).slice(0, 3)).toEqual(
          wanted.top.map(([, count]: [number, number]) => count),
        );
        expect(figures.histogram.edges).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      }
    }
    const wave = result.correlations.find(
      (pair) => pair.first === "wave" && pair.second === "related" && pair.measure === "pearson",
    );
    expect(wave!.value).toBeCloseTo(expected.pearson[0][2], 6);
  });

  it("says the same twice, byte for byte", async () => {
    const text = csv({ ...data, word: Array.from(words, (code) => `w${code}`) });
    const kinds = {
      wave: "number",
      tail: "number",
      small: "number",
      gaps: "number",
      related: "number",
      word: "category",
    } as const;
    const target = { name: "word", task: "multiclass" as const };
    expect(JSON.stringify(await profile(text, kinds, { target }))).toBe(
      JSON.stringify(await profile(text, kinds, { target })),
    );
  });

  it("measures texts, times, classes and duplicates", async () => {
    const text = "t,d,y\nabc,2024-01-01,a\n日本語テキスト,2024-01-03T12:00:00Z,b\nabc,2024-01-01,a\n,,a\n";
    const result = await profile(
      text,
      { t: "text", d: "datetime", y: "category" },
      { target: { name: "y", task: "binary" } },
    );
    const [t, d] = result.columns;
    expect(t!.text).toEqual({ minLength: 3, meanLength: 4.33333333333, maxLength: 7 });
    expect(t!.missing).toBe(1);
    expect(d!.datetime).toMatchObject({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2024, 0, 3, 12) });
    expect(d!.top![0]).toEqual({ value: "2024-01-01T00:00:00.000Z", count: 2 });
    expect(result.duplicates).toEqual({ rows: 1, share: 0.25, twins: 2, exact: true });
    expect(result.target).toEqual({
      name: "y",
      task: "binary",
      missing: 0,
      classes: [
        { label: "a", count: 3, share: 0.75 },
        { label: "b", count: 1, share: 0.25 },
      ],
    });
  });

  it("survives numbers at the ends of the range of doubles", async () => {
    const extreme = ["1e308", "-1e308", "1e-320", "0", "-0", "5e-324", "1.7976931348623157e308"];
    const result = await profile(`x,one\n${extreme.map((x) => `${x},3`).join("\n")}\n`, {
      x: "number",
      one: "number",
    });
    expect(result.columns[1]!.number).toMatchObject({ standardDeviation: 0, skewness: null, mean: 3 });
    expect(result.columns[0]!.number!.max).toBe(Number.MAX_VALUE);
  });

  it("never fails on any small table", { timeout: 60_000 }, async () => {
    const cell = fc.oneof(
      fc.constant(""),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.constantFrom("a", "b", "2024-01-01", "NA"),
    );
    const kind = fc.constantFrom<ColumnKind>("number", "category", "text", "datetime", "boolean", "id");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 40 }),
        kind,
        kind,
        async (cells, first, second) => {
          const text = `x,y\n${cells.map(([x, y]) => `${x},"${y}"`).join("\n")}\n`;
          await profile(text, { x: first, y: second }, { target: { name: "y", task: "multiclass" } });
        },
      ),
      { numRuns: 20 },
    );
  });
});
