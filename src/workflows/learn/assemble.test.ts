import { describe, expect, it } from "vitest";
import { learningTools, madeMaterial } from "../../../test/fixtures/learning.js";
import type { ProjectInput } from "../../foundation/contracts/project.js";
import { graphBytes, SIZE_GOAL } from "./assemble.js";
import { composeModel } from "./compose.js";
import { learn } from "./learn.js";
import type { LearnedModel } from "./model.js";

const FOREST = { trainer: "extra-trees", config: { trees: 60, minRowsPerLeaf: 1 } };
const BOOSTING = { trainer: "gbdt", config: { iterations: 40 } };
const material = madeMaterial(2, 360, 3);

async function learned(listed: readonly (typeof FOREST | typeof BOOSTING)[], project: ProjectInput = {}) {
  const { tools, identity } = learningTools(material, listed, project);
  const { model } = await learn(material, identity, tools);
  return { model, transforms: tools.transforms };
}

const within = (megabytes: number): ProjectInput => ({
  task: { goals: { [SIZE_GOAL]: `<= ${megabytes}` } },
});
const bytesOf = ({ members }: LearnedModel): number =>
  members.reduce((sum, { trainer, state }) => sum + graphBytes(trainer, state), 0);

describe("a model within a size", () => {
  it("averages fold models of boosting, refits a forest on all rows", async () => {
    const { model } = await learned([FOREST, BOOSTING]);
    expect(new Set(model.members.map(({ trial }) => trial)).size).toBe(model.members.length);
    expect(model.members.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
  });

  it("takes fewer fold models where all are too large", async () => {
    const whole = bytesOf((await learned([BOOSTING])).model);
    const { model } = await learned([BOOSTING], within(whole / 1e6));
    expect(bytesOf(model)).toBeLessThan(whole);
    expect(model.members).toHaveLength(1);
  });

  it("shrinks a forest before it leaves a member out", async () => {
    const whole = bytesOf((await learned([FOREST])).model);
    const limit = (0.9 * whole) / 1e6;
    const { model, transforms } = await learned([FOREST], within(limit));
    expect(bytesOf(model)).toBeLessThanOrEqual(0.8 * limit * 1e6);
    expect(bytesOf(model)).toBeGreaterThan(0.4 * whole);
    const outputs = { kind: "classes" as const, classes: ["c0", "c1"] };
    const { graph } = composeModel(model, { name: "small", transforms, outputs, threshold: 0.5 });
    expect(graph.length).toBeLessThan(limit * 1e6);
  });

  it("finds weights by log loss where the project wants a blend", async () => {
    const greedy = await learned([BOOSTING, FOREST]);
    const blended = await learned([BOOSTING, FOREST], { ensemble: { kind: "blend" } });
    const weights = ({ members }: LearnedModel) => members.map(({ weight }) => weight);
    expect(weights(blended.model).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    // Greedy weights are multiples of one over the steps; a blend's are not.
    expect(weights(blended.model)).not.toEqual(weights(greedy.model));
  });
});
