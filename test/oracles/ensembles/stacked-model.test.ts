import { expect, it } from "vitest";
import { trainingContext } from "../../../conformance/trainer.js";
import { runEmitted } from "../../../conformance/trainer-graph.js";
import { sampleFeatures, sampleRows } from "../../../conformance/trainer-samples.js";
import { averagePredictions, emitWeightedAverage } from "../../../src/capabilities/ensembles/predictions.js";
import {
  describeMember,
  emitStackFeatures,
  stackFeatures,
} from "../../../src/capabilities/ensembles/stack-features.js";
import { extraTrees } from "../../../src/capabilities/trainers/forest/extra-trees.js";
import { gbdt } from "../../../src/capabilities/trainers/gbdt/gbdt.js";
import { leastSquares } from "../../../src/capabilities/trainers/linear/least-squares.js";
import { logisticRegression } from "../../../src/capabilities/trainers/linear/logistic-regression.js";

/** Bags of trees, a smooth model on their predictions, and the mean of all three: one graph. */
it.each(["binary", "multiclass", "regression"] as const)(
  "a stacked %s model is exported faithfully",
  async (task) => {
    const train = sampleRows("tree", task, 500, "stacked");
    const context = trainingContext({ threads: 2 });
    const bag = async (trainer: typeof gbdt | typeof extraTrees, config: object) => {
      const states = [];
      for (const seed of ["a", "b"]) {
        const fold = sampleRows("tree", task, 300, seed);
        const options = trainer.config.parse(config) as never;
        states.push((await trainer.fit({ train: fold }, options, context)).state);
      }
      return trainer.restore(trainer.average!(states as never) as never);
    };
    const members = [await bag(gbdt, { iterations: 30 }), await bag(extraTrees, { trees: 20 })];
    const classes = train.target.task === "regression" ? [] : train.target.classes;
    const learned = members.map((member) => member.predict(train.features));
    const described = learned.map((predictions, m) => describeMember(`member${m}`, predictions, classes));
    const top = task === "regression" ? leastSquares : logisticRegression;
    const stacked = await top.fit(
      { train: { features: stackFeatures(described, learned), target: train.target } },
      top.config.parse({}) as never,
      context,
    );

    const fresh = sampleFeatures("tree", 20_000, "stacked/fresh");
    const first = members.map((member) => member.predict(fresh));
    const weights = [1, 2, 3];
    const own = averagePredictions(
      [...first, stacked.predict(stackFeatures(described, first))],
      weights,
    ).values;
    const graph = await runEmitted(fresh, (builder, columns) => {
      const outputs = members.map((member) => member.emit(builder, columns));
      const second = stacked.emit(builder, emitStackFeatures(builder, described, outputs));
      return emitWeightedAverage(builder, [...outputs, second], weights);
    });
    let worst = 0;
    for (const [k, value] of own.entries())
      worst = Math.max(worst, Math.abs(graph[k]! - value) / (1 + Math.abs(value)));
    expect(worst).toBeLessThan(1e-5);
  },
);
