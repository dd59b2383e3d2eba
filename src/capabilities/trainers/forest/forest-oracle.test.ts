import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../../conformance/trainer.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import type { Target } from "../../../foundation/contracts/target.js";
import { decisionTree } from "./decision-tree.js";
import { extraTrees } from "./extra-trees.js";
import { randomForest } from "./random-forest.js";

/** Recorded by test/oracles/forest/record.py; the data below is made by the same formula. */
const oracle = new URL("../../../../test/oracles/forest/trees.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(oracle, "utf8")) as { cases: Record<string, number[]> };

const ROWS = 800;
const COLUMNS = 4;

function uniform(count: number, seed: number): Float64Array {
  let state = BigInt(seed);
  return Float64Array.from({ length: count }, () => {
    state = (state * 1103515245n + 12345n) % 2147483648n;
    return Number(state) / 2147483648;
  });
}

const x = uniform(ROWS * COLUMNS, 1).map((u) => Math.floor(u * 60));
const at = (row: number, column: number) => x[row * COLUMNS + column]!;
const signal = uniform(ROWS, 2).map(
  (u, row) => at(row, 0) / 60 + (at(row, 1) > 30 ? at(row, 2) / 60 : 0) + 0.3 * u,
);
const features = createFrame(
  Array.from({ length: COLUMNS }, (_, column) => {
    const values = Float32Array.from({ length: ROWS }, (_, row) => at(row, column));
    return [`x${column}`, { kind: "number", values }] as const;
  }),
);
const regression: Target = { task: "regression", values: signal };
const multiclass: Target = {
  task: "multiclass",
  codes: Int32Array.from(signal, (value) => (value >= 0.9 ? 2 : value >= 0.5 ? 1 : 0)),
  classes: ["low", "middle", "high"],
};

describe("decision tree", () => {
  it.each(Object.keys(cases))("predicts what scikit-learn's predicts: %s", async (name) => {
    const target = name.startsWith("regression") ? regression : multiclass;
    const weights = name.includes("weighted") ? { weights: uniform(ROWS, 3).map((u) => 0.5 + u) } : {};
    const criterion = name.startsWith("entropy") ? "entropy" : "gini";
    const config = decisionTree.config.parse({ maxDepth: 5, minRowsPerLeaf: 8, criterion });
    const fitted = await decisionTree.fit(
      { train: { features, target, ...weights } },
      config,
      trainingContext(),
    );
    const { values } = fitted.predict(features);
    const distances = cases[name]!.map((expected, k) => Math.abs(values[k]! - expected)).sort(
      (a, b) => a - b,
    );
    expect(distances[Math.floor(distances.length * 0.9)]!).toBeLessThan(1e-6);
  });
});

describe("forests", () => {
  it("without row sampling remember every training row", async () => {
    const config = extraTrees.config.parse({ trees: 5, minRowsPerLeaf: 1 });
    const fitted = await extraTrees.fit(
      { train: { features, target: regression } },
      config,
      trainingContext(),
    );
    const { values } = fitted.predict(features);
    for (const [row, value] of values.entries()) expect(value).toBeCloseTo(signal[row]!, 5);
  });

  it("keep the least number of rows in every leaf and the greatest depth", async () => {
    const config = randomForest.config.parse({ trees: 5, minRowsPerLeaf: 9, maxDepth: 4 });
    const fitted = await randomForest.fit(
      { train: { features, target: multiclass } },
      config,
      trainingContext(),
    );
    const { ensemble } = fitted.state;
    expect(Math.min(...ensemble.leafRows)).toBeGreaterThanOrEqual(9);
    expect(ensemble.leafRows.length).toBeLessThanOrEqual(5 * 16);
  });
});
