import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../../conformance/trainer.js";
import { sampleRows } from "../../../../conformance/trainer-samples.js";
import { parityGap } from "../../../../conformance/trainer-testing.js";
import { createGraph } from "../../../engines/onnx/index.js";
import { createRandom } from "../../../foundation/base/random.js";
import type { TaskType } from "../../../foundation/contracts/target.js";
import { extraTrees } from "../forest/extra-trees.js";
import { gbdt } from "../gbdt/gbdt.js";
import { emitScores, ensembleBytes } from "./emit.js";
import { predictScores } from "./predict.js";
import { mergeEqualSides, pruneEnsemble } from "./prune.js";
import type { TreeEnsemble } from "./tree-ensemble.js";

const fresh = sampleRows("tree", "binary", 200, "prune/fresh").features;

async function forest(task: TaskType, rows = 400, minRowsPerLeaf = 1) {
  const train = sampleRows("tree", task, rows, "prune");
  const config = extraTrees.config.parse({ trees: 60, minRowsPerLeaf });
  return extraTrees.fit({ train }, config, trainingContext({ threads: 2 }));
}

function graphBytes(ensemble: TreeEnsemble): number {
  const graph = createGraph({ name: "trees" });
  const matrix = graph.input("x", "float32", ["N", ensemble.features]);
  graph.output("y", emitScores(graph, ensemble, matrix));
  return graph.toBytes().length;
}

describe.each(["binary", "multiclass", "regression"] as const)("for %s", (task) => {
  it("predicts the size of the graph", async () => {
    const { ensemble } = (await forest(task)).state;
    expect(Math.abs(ensembleBytes(ensemble) / graphBytes(ensemble) - 1)).toBeLessThan(0.02);
  });

  it("merges sides that are equal, and changes no score", async () => {
    const { ensemble } = (await forest(task, 400, 8)).state;
    const coarse = { ...ensemble, leafValues: ensemble.leafValues.map((value) => Math.round(value)) };
    const merged = mergeEqualSides(coarse);
    expect(merged.leafRows.length).toBeLessThan(coarse.leafRows.length);
    expect(merged.leafRows.reduce((sum, rows) => sum + rows, 0)).toBe(
      coarse.leafRows.reduce((sum, rows) => sum + rows, 0),
    );
    expect(merged.nodeFeature.length).toBe(merged.leafRows.length - merged.roots.length);
    expect(predictScores(merged, fresh)).toEqual(predictScores(coarse, fresh));
  });

  it("keeps to a budget and stays a faithful average", async () => {
    const fitted = await forest(task);
    const { ensemble } = fitted.state;
    const before = predictScores(ensemble, fresh);
    const spreadOf = Math.max(...before) - Math.min(...before);
    for (const share of [0.9, 0.5, 0.2]) {
      const budget = Math.round(graphBytes(ensemble) * share);
      const pruned = pruneEnsemble(ensemble, budget);
      expect(graphBytes(pruned)).toBeLessThan(budget * 1.02 + 500);
      const after = predictScores(pruned, fresh);
      const error = Math.sqrt(
        after.reduce((sum, value, k) => sum + (value - before[k]!) ** 2 / after.length, 0),
      );
      expect(error).toBeLessThan(0.15 * spreadOf);
      const restored = extraTrees.restore({ ...fitted.state, ensemble: pruned });
      expect(await parityGap(restored, fresh)).toBeLessThan(1e-5);
    }
    expect(pruneEnsemble(ensemble, 0).roots).toHaveLength(1);
  });
});

it("takes no boosted tree away", async () => {
  const train = sampleRows("tree", "multiclass", 300, "prune");
  const config = gbdt.config.parse({ iterations: 10 });
  const { ensemble } = (await gbdt.fit({ train }, config, trainingContext())).state;
  const pruned = pruneEnsemble(ensemble, 0);
  expect(pruned.roots.length).toBe(ensemble.roots.length);
  expect(predictScores(pruned, fresh)).toEqual(predictScores(ensemble, fresh));
});

it("shares leaves between branches without confusing them", async () => {
  // Few distinct values, deep trees: nearly every leaf has an equal one.
  const random = createRandom("leaves");
  const fitted = await forest("binary", 800);
  const leafValues = fitted.state.ensemble.leafValues.map(() => random.integer(3) / 2);
  const ensemble = { ...fitted.state.ensemble, leafValues };
  expect(graphBytes(ensemble)).toBeLessThan(0.85 * graphBytes(fitted.state.ensemble) + 1e5);
  expect(await parityGap(extraTrees.restore({ ...fitted.state, ensemble }), fresh)).toBeLessThan(1e-5);
});
