import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../../conformance/trainer.js";
import { sampleRows } from "../../../../conformance/trainer-samples.js";
import type { TaskType } from "../../../foundation/contracts/target.js";
import { extraTrees } from "../forest/extra-trees.js";
import { gbdt } from "../gbdt/gbdt.js";
import { averageEnsembles } from "./average.js";
import { predictScores } from "./predict.js";

const fresh = sampleRows("tree", "binary", 80, "fresh").features;

async function ensembles(trainer: typeof gbdt | typeof extraTrees, task: TaskType, sizes: readonly number[]) {
  const fitted = [];
  for (const [k, size] of sizes.entries()) {
    const train = sampleRows("tree", task, 250, `fold ${k}`);
    const config = trainer.config.parse(trainer.id === "gbdt" ? { iterations: size } : { trees: size });
    fitted.push(await trainer.fit({ train }, config as never, trainingContext({ threads: 2 })));
  }
  return fitted.map((model) => model.state.ensemble);
}

describe.each(["binary", "multiclass", "regression"] as const)("for %s", (task) => {
  it.each([gbdt, extraTrees])(
    "the average's raw scores are the weighted mean of the models'",
    async (trainer) => {
      const models = await ensembles(trainer, task, [7, 12, 3]);
      const shares = Float64Array.of(0.5, 0.2, 0.3);
      const scores = predictScores(averageEnsembles(models, shares), fresh);
      const own = models.map((model) => predictScores(model, fresh));
      for (const [k, score] of scores.entries()) {
        const mean = own.reduce((sum, of, m) => sum + shares[m]! * of[k]!, 0);
        expect(Math.abs(score - mean)).toBeLessThan(1e-6 * (1 + Math.abs(mean)));
      }
    },
  );

  it("forests of one size are joined without touching a leaf value", async () => {
    const models = await ensembles(extraTrees, task, [5, 5]);
    const joined = averageEnsembles(models, Float64Array.of(0.5, 0.5));
    expect(joined.leafValues).toEqual(
      Float32Array.from(models.flatMap((model) => Array.from(model.leafValues))),
    );
    expect(joined.roots).toHaveLength(10);
  });
});
