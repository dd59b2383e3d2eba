import { expect, it } from "vitest";
import { learningTools, madeMaterial } from "../../../test/fixtures/learning.js";
import { learn } from "./learn.js";
import { type LearnedModel, predictor } from "./model.js";

const LISTED = [
  { trainer: "gbdt", config: { iterations: 40 } },
  { trainer: "gbdt", config: { iterations: 20, leaves: 4 } },
  { trainer: "gaussian-naive-bayes" },
  { trainer: "logistic-regression" },
];

it("chooses fewer and smaller members until the model is quick enough, at last one", async () => {
  const material = madeMaterial(2, 300, 3);
  const learnUntil = async (isQuick: (model: LearnedModel, asked: number) => boolean) => {
    const { tools, identity } = learningTools(material, LISTED);
    let asked = 0;
    const learned = await learn(material, identity, {
      ...tools,
      isQuick: async (model) => isQuick(model, asked++),
    });
    return { learned, asked };
  };
  const free = await learnUntil(() => true);
  expect(free.asked).toBe(1);
  const once = await learnUntil((_, asked) => asked === 1);
  expect(once.learned.shares.length).toBeLessThanOrEqual(2);
  const never = await learnUntil(() => false);
  expect(never.learned.model.members).toHaveLength(1);
  expect(never.learned.shares[0]!.weight).toBe(1);
  const { values } = predictor(
    never.learned.model,
    learningTools(material, []).tools.transforms,
  )(material.frame);
  expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
});
