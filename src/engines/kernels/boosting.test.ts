import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import {
  type BoostingObjective,
  type BoostingRows,
  type BoostingSettings,
  boostTrees,
  OBJECTIVE_CODES,
} from "./boosting.js";
import { referenceBoosting } from "./reference/boosting.js";

const OBJECTIVES = Object.keys(OBJECTIVE_CODES) as BoostingObjective[];

interface Shape {
  readonly rows: number;
  readonly weighted: boolean;
  readonly holes: number;
  readonly categories: number;
  readonly seed: number;
}

const shapes = fc.record({
  rows: fc.integer({ min: 30, max: 400 }),
  weighted: fc.boolean(),
  holes: fc.constantFrom(0, 0.1, 0.5),
  categories: fc.constantFrom(2, 3, 8, 30),
  seed: fc.nat(1e6),
});

/** Three numeric columns and one of categories; the label depends on all. */
function makeRows(shape: Shape, objective: BoostingObjective): BoostingRows {
  const random = createRandom(shape.seed);
  const numeric = () =>
    Float32Array.from({ length: shape.rows }, () =>
      random.uniform() < shape.holes ? Number.NaN : random.normal(),
    );
  const columns = [numeric(), numeric(), numeric()];
  const codes = Float32Array.from({ length: shape.rows }, () =>
    random.uniform() < shape.holes / 2 ? Number.NaN : random.integer(shape.categories),
  );
  const known = (value: number) => (Number.isNaN(value) ? -1 : value);
  const signal = (row: number) =>
    known(columns[0]![row]!) +
    Math.sin(known(codes[row]!) * 7) +
    0.5 * known(columns[1]![row]!) ** 2 +
    random.normal();
  const labels = Float32Array.from({ length: shape.rows }, (_, row) => labelOf(objective, signal(row)));
  const plain = columns.map((values) => ({ values, offset: 0, stride: 1, categories: 0 }));
  return {
    rows: shape.rows,
    columns: [...plain, { values: codes, offset: 0, stride: 1, categories: shape.categories }],
    labels,
    ...(shape.weighted ? { weights: Float32Array.from(labels, () => 1 + random.integer(4)) } : {}),
  };
}

function labelOf(objective: BoostingObjective, signal: number): number {
  if (objective === "binary") return signal > 0 ? 1 : 0;
  if (objective === "multiclass") return signal > 1 ? 2 : signal > -0.5 ? 1 : 0;
  if (objective === "poisson" || objective === "tweedie") return Math.max(0, Math.round(signal + 1));
  return signal;
}

function makeSettings(
  objective: BoostingObjective,
  changes: Partial<BoostingSettings> = {},
): BoostingSettings {
  const parameters: Partial<Record<BoostingObjective, number>> = {
    huber: 0.8,
    quantile: 0.3,
    poisson: 0.7,
    tweedie: 1.4,
  };
  const renewLevel = { absolute: 0.5, quantile: 0.3 }[objective as "absolute" | "quantile"];
  return {
    objective,
    objectiveParameter: parameters[objective] ?? 0,
    baseScores: objective === "multiclass" ? [-0.5, 0.25, 0.1] : [0.2],
    ...(renewLevel === undefined ? {} : { renewLevel }),
    iterations: 3,
    learningRate: 0.3,
    maxLeaves: 6,
    maxDepth: 0,
    minRowsPerLeaf: 3,
    minChildWeight: 1e-3,
    l1: 0.01,
    l2: 0.5,
    minSplitGain: 0,
    maxBins: 32,
    rowShare: 1,
    columnShare: 1,
    columnShareByNode: 1,
    monotone: [0, 0, 0, 0],
    categorySmoothing: 1,
    categoryL2: 0.5,
    maxCategoriesPerSplit: 32,
    oneVersusRestLimit: 4,
    minRowsPerCategoryGroup: 1,
    extraTrees: false,
    pathSmoothing: 0,
    patience: 0,
    minImprovement: 0,
    seed: 1,
    ...changes,
  };
}

const train = (rows: BoostingRows, settings: BoostingSettings, threads = 1, validation?: BoostingRows) =>
  boostTrees(rows, validation, settings, {
    threads,
    signal: new AbortController().signal,
    report: () => undefined,
  });

/** The scores that the kernel's trees give to their own training rows, by walking them over the bins. */
type Trees = Awaited<ReturnType<typeof train>>;
function scoresOf(trees: Trees, rows: BoostingRows, settings: BoostingSettings): Float64Array[] {
  const outputs = settings.baseScores.length;
  const scores = settings.baseScores.map((base) => new Float64Array(rows.rows).fill(base));
  for (let tree = 0; tree < trees.iterations * outputs; tree++) {
    for (let row = 0; row < rows.rows; row++) {
      let node = trees.treeLeaves[tree]! > 1 ? 0 : ~0;
      while (node >= 0) {
        const at = tree * trees.nodesPerTree + node;
        node = (goesLeft(trees, at, rows, row) ? trees.nodeLeft : trees.nodeRight)[at]!;
      }
      const output = scores[tree % outputs]!;
      output[row] = output[row]! + trees.leafValue[tree * settings.maxLeaves + ~node]!;
    }
  }
  return scores;
}

function goesLeft(trees: Trees, node: number, rows: BoostingRows, row: number): boolean {
  const column = trees.nodeColumn[node]!;
  const value = rows.columns[column]!.values[row]!;
  const flags = trees.nodeFlags[node]!;
  if (Number.isNaN(value)) return (flags & 1) === 1;
  const bins = trees.bins[column]!;
  if ((flags & 2) === 0) return value <= bins.thresholds[trees.nodeBin[node]!]!;
  const bin = bins.codeBins[value]!;
  return ((trees.nodeSets[node * 8 + (bin >>> 5)]! >>> (bin & 31)) & 1) === 1;
}

function meanDistance(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  const distances = a.flatMap((values, k) =>
    Array.from(values, (value, row) => Math.abs(value - b[k]![row]!)),
  );
  return distances.reduce((sum, value) => sum + value, 0) / distances.length;
}

describe("boosting kernels against the plain reference", () => {
  const CASES = 40;
  /** Equal gains are decided by the last bit, which quantized gradients do not share with real ones. */
  const TIES = 4;

  async function differing(
    objective: BoostingObjective,
    changes: Partial<BoostingSettings>,
  ): Promise<number> {
    let different = 0;
    for (const shape of fc.sample(shapes, { seed: 7, numRuns: CASES })) {
      const rows = makeRows(shape, objective);
      const settings = makeSettings(objective, changes);
      const expected = referenceBoosting(rows, settings);
      const trees = await train(rows, settings);
      const gains = Array.from(trees.nodeGain.subarray(0, trees.treeLeaves[0]! - 1));
      const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
      expect(sum(gains)).toBeGreaterThan(0.97 * sum(expected.gains[0]!));
      expect(sum(gains)).toBeLessThan(1.03 * sum(expected.gains[0]!) + 1e-9);
      if (meanDistance(scoresOf(trees, rows, settings), expected.scores) > 1e-4) different++;
    }
    return different;
  }

  it.each(OBJECTIVES)("grow the same trees for the objective %s", async (objective) => {
    expect(await differing(objective, { iterations: 1 })).toBeLessThanOrEqual(TIES);
    expect(await differing(objective, { iterations: 3 })).toBeLessThanOrEqual(2 * TIES);
  });

  it("agree under depth limits and monotone constraints", async () => {
    for (const direction of [-1, 1]) {
      const changes = { maxDepth: 3, monotone: [direction, 0, -direction, 0] };
      expect(await differing("squared", changes)).toBeLessThanOrEqual(TIES);
    }
  });
});

describe("boosting", () => {
  const shape = { rows: 30_000, weighted: true, holes: 0.1, categories: 30, seed: 5 };
  const sampling = { rowShare: 0.6, columnShare: 0.75, columnShareByNode: 0.5 };

  it.each(OBJECTIVES)("gives identical trees for any number of threads: %s", async (objective) => {
    const rows = makeRows(shape, objective);
    const validation = makeRows({ ...shape, rows: 5000, seed: 6 }, objective);
    for (const changes of [{}, sampling]) {
      const settings = makeSettings(objective, { iterations: 4, maxLeaves: 20, patience: 3, ...changes });
      const [one, two, three] = [
        await train(rows, settings, 1, validation),
        await train(rows, settings, 2, validation),
        await train(rows, settings, 3, validation),
      ];
      expect(two).toEqual(one);
      expect(three).toEqual(one);
    }
  });

  it("keeps the least number of rows in every leaf, whatever the weights", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 1, max: 40 }), async (small, minRowsPerLeaf) => {
        const rows = makeRows(small, "binary");
        const weights = Float32Array.from(rows.labels, (_, row) => 10 ** (row % 5));
        const settings = makeSettings("binary", { minRowsPerLeaf, iterations: 5 });
        const trees = await train({ ...rows, weights }, settings);
        for (let tree = 0; tree < trees.iterations; tree++) {
          const leaves = trees.leafRows.subarray(tree * 6, tree * 6 + trees.treeLeaves[tree]!);
          expect(leaves.reduce((sum, n) => sum + n, 0)).toBe(small.rows);
          if (leaves.length > 1) expect(Math.min(...leaves)).toBeGreaterThanOrEqual(minRowsPerLeaf);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("stops early at the best validation loss", async () => {
    const rows = makeRows({ ...shape, rows: 400 }, "binary");
    const validation = makeRows({ ...shape, rows: 400, seed: 9 }, "binary");
    const settings = makeSettings("binary", { iterations: 400, patience: 5 });
    const trees = await train(rows, settings, 1, validation);
    expect(trees.iterations).toBeLessThan(400);
    expect(trees.iterations - trees.bestIteration).toBe(5);
    const least = Math.min(...trees.validationLoss);
    expect(trees.validationLoss[trees.bestIteration - 1]).toBe(least);
  });

  it("ends soon after the signal, and leaves the team usable", async () => {
    const rows = makeRows(shape, "binary");
    const controller = new AbortController();
    // Told of every twentieth part: after three there is much left to stop.
    const settings = makeSettings("binary", { iterations: 2_000, maxLeaves: 31 });
    let reports = 0;
    const report = () => {
      if (++reports === 3) controller.abort(new Error("enough"));
    };
    const work = boostTrees(rows, undefined, settings, { threads: 2, signal: controller.signal, report });
    await expect(work).rejects.toThrow("enough");
    expect((await train(rows, makeSettings("binary"), 2)).iterations).toBe(3);
  });
});
