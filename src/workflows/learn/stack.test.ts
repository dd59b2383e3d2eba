import { describe, expect, it } from "vitest";
import { learningTools, madeMaterial } from "../../../test/fixtures/learning.js";
import { openSession } from "../../engines/onnx/index.js";
import { projectSchema } from "../../foundation/contracts/project.js";
import { encodeFrameColumn } from "../../foundation/contracts/row-encoding.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import { combine } from "./combine.js";
import { composeModel } from "./compose.js";
import { FeatureCache } from "./features.js";
import { learn } from "./learn.js";
import type { LearningMaterial } from "./material.js";
import { type LearnedModel, predictor } from "./model.js";
import { search } from "./search.js";
import { STACK_SHARE, stackInputs, stacks, stackTrials } from "./stack.js";
import { isFinished, type TrialResult } from "./trial.js";

const CLASSIFIERS = [
  { trainer: "gbdt", config: { iterations: 15 } },
  { trainer: "gaussian-naive-bayes" },
  { trainer: "logistic-regression" },
  { trainer: "gbdt", config: { iterations: 10, leaves: 4 } },
  { trainer: "gbdt", config: { iterations: 5, leaves: 4 } },
];
const REGRESSORS = [
  { trainer: "gbdt", config: { iterations: 15 } },
  { trainer: "ridge" },
  { trainer: "gbdt", config: { iterations: 10, leaves: 4 } },
];

describe("a second layer", () => {
  it("is made where the data can judge it", () => {
    const project = projectSchema.parse({ ensemble: { stacking: "auto" } });
    expect(stacks(project, 500, 8)).toBe(true);
    expect(stacks(project, 499, 8)).toBe(false);
    expect(stacks(project, 20_001, 5)).toBe(false);
    expect(stacks(project, 5_000, 1)).toBe(false);
    expect(stacks(projectSchema.parse({}), 5_000, 5)).toBe(false);
    expect(
      stacks(projectSchema.parse({ ensemble: { stacking: "auto" }, models: ["gbdt", "ridge"] }), 5_000, 5),
    ).toBe(false);
  });

  it.each([0, 2, 3])("is the same in the exported graph, for %d classes", async (classes) => {
    const material = madeMaterial(classes, 510, 3);
    const { tools, identity } = learningTools(material, classes === 0 ? REGRESSORS : CLASSIFIERS);
    const searching = { ...tools, ...tools.work };
    const trials = await search(material, identity, searching);
    const layer = await stackTrials(trials, material, identity, searching);
    const first = Math.max(...trials.map(({ candidate }) => candidate.number));
    expect(layer!.trials.every(({ candidate }) => candidate.number > first)).toBe(true);
    // As good as the truth on the folds: then it is kept, whatever its fits are worth.
    const knowing = { ...layer!, trials: layer!.trials.map((trial) => asGoodAsTruth(trial, material)) };
    const features = new FeatureCache(material, { ...tools, seed: 0 });
    const combined = await combine(trials, knowing, material, identity, { ...searching, features });
    expect(combined.inputs.map(({ trial }) => trial)).toEqual(layer!.inputs.map(({ trial }) => trial));
    const { model } = combined;
    expect(model.members.filter(({ pipeline }) => pipeline === null).length).toBeGreaterThan(0);
    expect(model.members.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
    const expected = predictor(model, tools.transforms)(material.frame).values;
    const actual = await runModel(model, material);
    const worst = expected.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - actual[at]!) / Math.max(1, Math.abs(value))),
      0,
    );
    expect(worst).toBeLessThan(1e-5);
  });

  it("takes at most its share of the work, and sees at most two of a family", async () => {
    const material = madeMaterial(2, 510, 3);
    const { tools, identity } = learningTools(material, CLASSIFIERS, { ensemble: { stacking: "auto" } });
    const { trials } = await learn(material, identity, tools);
    const seconds = (of: readonly TrialResult[]) =>
      of.reduce((sum, { candidate }) => sum + candidate.estimate.seconds, 0);
    const second = trials.filter(({ candidate }) => candidate.origin === "stack");
    const first = trials.filter((trial) => !second.includes(trial));
    expect(second.length).toBeGreaterThan(0);
    expect(seconds(second)).toBeLessThanOrEqual(STACK_SHARE * seconds(first));
    const seen = stackInputs(first, material.target, tools.metric);
    expect(seen.filter(({ trial }) => trial.candidate.trainer.id === "gbdt")).toHaveLength(2);
    expect(seen).toHaveLength(4);
  });
});

function asGoodAsTruth(trial: TrialResult, { target }: LearningMaterial): TrialResult {
  if (!isFinished(trial)) return trial;
  const { heldOut } = trial;
  const values = Float64Array.from(heldOut.values, (value, at) =>
    target.task === "regression"
      ? target.values[at]! + 0.001 * (value - target.values[at]!)
      : target.codes[Math.floor(at / target.classes.length)] === at % target.classes.length
        ? 0.98
        : 0.02 / (target.classes.length - 1),
  );
  const knowing: Predictions = { ...heldOut, values };
  return { ...trial, heldOut: knowing };
}

async function runModel(model: LearnedModel, { frame, target }: LearningMaterial): Promise<Float32Array> {
  const classes = target.task === "regression" ? [] : [...target.classes];
  const { graph, inputs } = composeModel(model, {
    name: "stacked",
    transforms: learningTools({ frame, target, folds: [] }, []).tools.transforms,
    outputs: classes.length > 0 ? { kind: "classes", classes } : { kind: "value" },
    threshold: 0.5,
  });
  const session = await openSession(graph, { threads: 1 });
  try {
    const feeds = inputs.map(({ tensor, column, kind }) => [
      tensor,
      encodeFrameColumn({ name: column, kind }, frame.columns.get(column)!),
    ]);
    const results = await session.run(Object.fromEntries(feeds));
    return (results.probabilities ?? results.prediction)!.data as Float32Array;
  } finally {
    await session.close();
  }
}
