import { describe, expect, it } from "vitest";
import { learningTools, madeMaterial } from "../../../test/fixtures/learning.js";
import { learn } from "./learn.js";
import { predictor } from "./model.js";

const LISTED = {
  classes: [{ trainer: "gbdt", config: { iterations: 30 } }, { trainer: "gaussian-naive-bayes" }],
  values: [{ trainer: "gbdt", config: { iterations: 30 } }, { trainer: "ridge" }],
};

describe("distillation", () => {
  it.each([0, 2, 3])("leaves one model, taught by the ensemble, for %d classes", async (classes) => {
    const material = madeMaterial(classes, 400, 3);
    const listed = classes === 0 ? LISTED.values : LISTED.classes;
    const { tools, identity } = learningTools(material, listed, { ensemble: { distill: true } });
    const learned = await learn(material, identity, tools);
    const { model, trials, shares, distilledFrom, value } = learned;
    expect(model.members).toHaveLength(1);
    expect(model.members[0]).toMatchObject({ weight: 1, trialShare: 1, pipeline: 0 });
    // Judged by what it is without a teacher, which no label of its own fold has helped.
    const { trial } = shares[0]!;
    expect(trials).toContain(trial);
    expect(trial.candidate).toMatchObject({ trainer: model.members[0]!.trainer });
    expect(trial.candidate.supplement).toBeUndefined();
    expect(value).toBe(trial.value);
    expect(distilledFrom).toBeGreaterThan(0);
    const { values } = predictor(model, tools.transforms)(material.frame);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it("fits a small model where the search has tried none", async () => {
    const material = madeMaterial(2, 300, 3);
    const listed = [{ trainer: "gaussian-naive-bayes" }];
    const { tools, identity } = learningTools(material, listed, { ensemble: { distill: true } });
    const { trials, model } = await learn(material, identity, tools);
    expect(trials.map(({ candidate }) => candidate.origin)).toEqual(["portfolio", "distillation"]);
    expect(model.members[0]!.trainer.id).toBe("gbdt");
  });

  it("needs a teacher who has spoken of every row", async () => {
    const folded = madeMaterial(2, 300, 3);
    const material = { ...folded, folds: folded.folds.slice(0, 1) };
    const { tools, identity } = learningTools(material, LISTED.classes, { ensemble: { distill: true } });
    const warnings: string[] = [];
    const logger = { log: (_: string, message: string) => void warnings.push(message) };
    const learned = await learn(material, identity, { ...tools, work: { ...tools.work, logger } });
    expect(learned.distilledFrom).toBeUndefined();
    expect(warnings.join()).toContain("Nothing is distilled");
  });
});
