import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BinnedColumns, binColumns, type ColumnSource } from "./binned-columns.js";
import { KernelTeam } from "./kernel-team.js";
import { referenceBin, referenceThresholds } from "./reference/binning.js";

const signal = new AbortController().signal;

/** Runs `use` while the bins are in memory. */
async function binned<T>(
  columns: readonly ColumnSource[],
  maxBins: number,
  use: (result: BinnedColumns, codes: Uint8Array) => T,
): Promise<T> {
  const team = await KernelTeam.acquire("gbdt", 2);
  try {
    const rows = columns[0]!.values.length;
    const result = await binColumns(team, columns, rows, { maxBins, sampleRows: 200_000 }, signal);
    return use(result, team.memory.uint8(result.address, rows * columns.length));
  } finally {
    await team.release();
  }
}

const numeric = (values: Float32Array): ColumnSource => ({ values, offset: 0, stride: 1, categories: 0 });

const anyFloat = fc.float();
const rounded = fc.integer({ min: -20, max: 20 }).map((value) => value / 4);
const special = fc.constantFrom(
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  3.4028235e38,
);
const value = fc.oneof({ weight: 4, arbitrary: anyFloat }, { weight: 8, arbitrary: rounded }, special);

describe("binning kernels", () => {
  it("choose the reference's thresholds and bins for any values", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: 1, maxLength: 600 }),
        fc.integer({ min: 2, max: 255 }),
        async (list, maxBins) => {
          const values = Float32Array.from(list);
          const expected = referenceThresholds(values, maxBins);
          await binned([numeric(values)], maxBins, ({ bins }, codes) => {
            const { thresholds, valueBins, missing } = bins[0]!;
            // Adding 0 makes one of the two zeros, which no comparison of values tells apart.
            const plain = (list: Iterable<number>) => Array.from(list, (threshold) => threshold + 0);
            expect(plain(thresholds)).toEqual(plain([...expected, Number.POSITIVE_INFINITY]));
            expect(valueBins).toBe(expected.length + 1);
            expect(missing).toBe(values.filter(Number.isNaN).length);
            expect(Array.from(codes)).toEqual(Array.from(values, (v) => referenceBin(v, expected)));
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it("separate every pair of neighbouring float32 values", async () => {
    const bits = new Uint32Array([0x3f800000, 0x3f800001, 0x3f800002, 0x00000001, 0x80000001, 0x7f7fffff]);
    const values = new Float32Array(bits.buffer);
    await binned([numeric(values)], 255, (_, codes) => expect(new Set(codes).size).toBe(values.length));
  });

  it("give bins to the most frequent categories and the missing bin to the rest", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 900 }),
        fc.integer({ min: 2, max: 255 }),
        async (categories, maxBins) => {
          const values = Float32Array.from({ length: 2000 }, (_, k) =>
            k % 11 === 0 ? Number.NaN : Math.floor(categories * ((k * 0.618) % 1) ** 2),
          );
          const source = { values, offset: 0, stride: 1, categories };
          await binned([source], maxBins, ({ bins }, codes) => {
            const { codeBins, valueBins, missing } = bins[0]!;
            const counts = new Float64Array(categories);
            for (const v of values) if (!Number.isNaN(v)) counts[v] = counts[v]! + 1;
            const kept = Array.from(codeBins.keys()).filter((code) => codeBins[code] !== valueBins);
            const dropped = Array.from(codeBins.keys()).filter((code) => codeBins[code] === valueBins);
            expect(kept).toHaveLength(Math.min(categories, maxBins));
            expect(valueBins).toBe(kept.length);
            const least = Math.min(...kept.map((code) => counts[code]!));
            for (const code of dropped) expect(counts[code]!).toBeLessThanOrEqual(least);
            expect(Array.from(codes)).toEqual(
              Array.from(values, (v) => (Number.isNaN(v) ? valueBins : codeBins[v]!)),
            );
            expect(missing).toBe(codes.filter((code) => code === valueBins).length);
          });
        },
      ),
      { numRuns: 20 },
    );
  });

  it("read strided columns", async () => {
    const values = Float32Array.from({ length: 300 }, (_, k) => (k % 3 === 1 ? k : -1));
    const rows = 100;
    const team = await KernelTeam.acquire("gbdt", 1);
    try {
      const column = { values, offset: 1, stride: 3, categories: 0 };
      const options = { maxBins: 255, sampleRows: 1000 };
      const { address } = await binColumns(team, [column], rows, options, signal);
      expect(Array.from(team.memory.uint8(address, rows))).toEqual(Array.from({ length: rows }, (_, k) => k));
    } finally {
      await team.release();
    }
  });
});
