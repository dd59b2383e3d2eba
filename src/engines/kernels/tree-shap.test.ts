import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import { MADE_FEATURES, madeRow, makeTrees } from "./reference/made-trees.js";
import { referenceScores } from "./reference/tree-scores.js";
import {
  exactInteractions,
  exactShapley,
  interventionalGame,
  pathDependentGame,
} from "./reference/tree-shap.js";
import type { BlockReader } from "./tree-scorer.js";
import { createTreeShap, type ExplainableTrees } from "./tree-shap.js";

const OUTPUTS = 3;
const CELLS = OUTPUTS * MADE_FEATURES;

function reader(rows: readonly ArrayLike<number>[]): BlockReader {
  return (block, start, count) => {
    for (let k = 0; k < count; k++) block.set(rows[start + k]!, k * rows[0]!.length);
  };
}

function expectClose(actual: Float64Array, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (const [k, value] of actual.entries()) {
    expect(Math.abs(value - expected[k]!)).toBeLessThan(1e-9 * Math.max(1, Math.abs(expected[k]!)));
  }
}

const made = fc.record({
  seed: fc.nat(),
  shared: fc.boolean(),
  rows: fc.array(
    madeRow.map((values) => Float32Array.from(values)),
    { minLength: 1, maxLength: 4 },
  ),
});

describe("the Shapley kernel gives what the definition gives", () => {
  it("path-dependent", () => {
    fc.assert(
      fc.property(made, ({ seed, shared, rows }) => {
        const trees = makeTrees(seed, shared);
        const shap = createTreeShap(trees, MADE_FEATURES);
        const values = shap.contributions(rows.length, reader(rows));
        for (const [k, row] of rows.entries()) {
          const game = pathDependentGame(trees, row);
          expectClose(shap.expected, game(0));
          expectClose(
            values.subarray(k * CELLS, (k + 1) * CELLS),
            exactShapley(game, MADE_FEATURES, OUTPUTS),
          );
        }
      }),
      { numRuns: 40 },
    );
  });
  it("against background rows", () => {
    fc.assert(
      fc.property(made, ({ seed, shared, rows }) => {
        const trees = makeTrees(seed, shared);
        const values = Float32Array.from(rows.flatMap((row) => [...row]));
        const all = createTreeShap(trees, MADE_FEATURES).contributions(rows.length, reader(rows), {
          rows: rows.length,
          values,
        });
        const game = interventionalGame(trees, rows[0]!, rows);
        expectClose(all.subarray(0, CELLS), exactShapley(game, MADE_FEATURES, OUTPUTS));
      }),
      { numRuns: 40 },
    );
  });
  it("interactions", () => {
    fc.assert(
      fc.property(made, ({ seed, shared, rows }) => {
        const trees = makeTrees(seed, shared);
        const shap = createTreeShap(trees, MADE_FEATURES);
        const pairs = shap.interactions(1, reader(rows));
        const own = shap.contributions(1, reader(rows));
        const exact = exactInteractions(pathDependentGame(trees, rows[0]!), MADE_FEATURES, OUTPUTS);
        for (let line = 0; line < CELLS; line++) {
          const cells = pairs.slice(line * MADE_FEATURES, (line + 1) * MADE_FEATURES);
          expectClose(Float64Array.of(cells.reduce((sum, cell) => sum + cell)), [own[line]!]);
          const self = line % MADE_FEATURES;
          cells[self] = 0;
          expectClose(cells, exact.subarray(line * MADE_FEATURES, (line + 1) * MADE_FEATURES));
        }
      }),
      { numRuns: 30 },
    );
  });
});

/** A tree that splits each of its features once or twice on the way down: the longest paths there are. */
function makeChain(length: number, features: number): ExplainableTrees {
  const random = createRandom(length);
  return {
    outputs: 1,
    roots: Int32Array.of(0),
    nodeFeature: Int32Array.from({ length }, (_, k) => k % features),
    nodeThreshold: Float32Array.from({ length }, () => random.normal()),
    nodeFlags: new Uint8Array(length),
    nodeLeft: Int32Array.from({ length }, (_, k) => ~k),
    nodeRight: Int32Array.from({ length }, (_, k) => (k + 1 < length ? k + 1 : ~length)),
    nodeSet: new Int32Array(length).fill(-1),
    sets: new Uint32Array(0),
    categories: new Int32Array(features),
    leafValues: Float32Array.from({ length: length + 1 }, () => random.normal()),
    leafRows: Int32Array.from({ length: length + 1 }, () => 1 + random.integer(50)),
  };
}

it("adds up to the score on paths of any length", () => {
  for (const [length, features] of [
    [1, 1],
    [40, 40],
    [60, 25],
    [300, 200],
  ] as const) {
    const trees = makeChain(length, features);
    const random = createRandom("row");
    const row = Float32Array.from({ length: features }, () => Math.abs(random.normal()));
    const shap = createTreeShap(trees, features);
    const values = shap.contributions(1, reader([row]));
    const sum = values.reduce((total, value) => total + value, shap.expected[0]!);
    const [score] = referenceScores(trees, row);
    expect(Math.abs(sum - score!)).toBeLessThan(1e-9);
  }
});

describe("the shap package gives the same", () => {
  interface Case {
    readonly name: string;
    readonly trees: Record<string, number[]> & { readonly outputs: number; readonly features: number };
    readonly rows: (number | null)[][];
    readonly background: number[][];
    readonly expected: number[];
    readonly pathDependent: number[][][];
    readonly interventional: number[][][];
    readonly interactions: number[][][][];
  }
  const oracle = new URL("../../../test/oracles/explain/trees.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(oracle, "utf8")) as { cases: Case[] };
  it.each(cases)("$name", ({ trees: recorded, rows, background, ...wanted }) => {
    const { outputs, features } = recorded;
    const trees: ExplainableTrees = {
      outputs,
      roots: Int32Array.from(recorded.roots!),
      nodeFeature: Int32Array.from(recorded.nodeFeature!),
      nodeThreshold: Float32Array.from(recorded.nodeThreshold!),
      nodeFlags: Uint8Array.from(recorded.nodeFlags!),
      nodeLeft: Int32Array.from(recorded.nodeLeft!),
      nodeRight: Int32Array.from(recorded.nodeRight!),
      nodeSet: new Int32Array(recorded.nodeFeature!.length).fill(-1),
      sets: new Uint32Array(0),
      categories: new Int32Array(features),
      leafValues: Float32Array.from(recorded.leafValues!),
      leafRows: Int32Array.from(recorded.leafRows!),
    };
    const shap = createTreeShap(trees, features);
    const read = reader(rows.map((row) => row.map((value) => value ?? Number.NaN)));
    const expectNear = (actual: Float64Array, expected: unknown): void => {
      const values = (expected as number[]).flat(4) as number[];
      // shap's dictionary models average nothing, but its sums over trees run in another order.
      for (const [k, value] of values.entries()) expect(actual[k]).toBeCloseTo(value, 6);
      expect(actual.length).toBe(values.length);
    };
    expectNear(shap.expected, wanted.expected);
    expectNear(shap.contributions(rows.length, read), wanted.pathDependent);
    expectNear(shap.interactions(rows.length, read), wanted.interactions);
    const others = { rows: background.length, values: Float32Array.from(background.flat()) };
    expectNear(shap.contributions(rows.length, read, others), wanted.interventional);
  });
});
