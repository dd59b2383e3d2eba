import { expect, test } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import { type LabelCandidate, labelQueueSchema } from "../../../foundation/contracts/label-queue.js";
import { chooseForLabels, type LoggedForLabels, placesOf, uncertaintyOf } from "./choose-for-labels.js";

const random = createRandom("label queue");
const frame = (values: readonly number[], plan = values.map(() => "basic")): Frame =>
  createFrame([
    ["age", { kind: "number", values: Float64Array.from(values) }],
    [
      "plan",
      {
        kind: "category",
        dictionary: ["basic", "new"],
        codes: Int32Array.from(plan, (name) => (name === "new" ? 1 : 0)),
      },
    ],
  ]);
const normals = (count: number): number[] => Array.from({ length: count }, () => random.normal());

function logged(shares: readonly number[], inputs: Frame, labelled: readonly number[] = []): LoggedForLabels {
  return {
    ...{ version: 2, classes: ["no", "yes"], inputs, labelled: new Set(labelled) },
    ids: shares.map((_, row) => `p${row}`),
    at: Float64Array.from(shares, (_, row) => row),
    predictions: {
      kind: "probabilities",
      classes: 2,
      values: Float64Array.from(shares.flatMap((p) => [1 - p, p])),
    },
  };
}
const of = (candidates: readonly LabelCandidate[], reason: string) =>
  candidates.filter((one) => one.reason === reason).map(({ id }) => id);

test("uncertainty is 1 for even chances and 0 for certainty, by entropy and by margin", () => {
  const predictions = {
    kind: "probabilities",
    classes: 2,
    values: Float64Array.of(0.5, 0.5, 1, 0, 0.25, 0.75),
  } as const;
  for (const measure of ["entropy", "margin"] as const) {
    expect(uncertaintyOf(predictions, 0, measure)).toBeCloseTo(1, 12);
    expect(uncertaintyOf(predictions, 1, measure)).toBeCloseTo(0, 12);
  }
  expect(uncertaintyOf(predictions, 2, "margin")).toBeCloseTo(0.5, 12);
  // -(0.25 log2 0.25 + 0.75 log2 0.75)
  expect(uncertaintyOf(predictions, 2, "entropy")).toBeCloseTo(0.8112781244591328, 12);
});

test("the unsure, the unusual and a sample by chance are chosen; what has a label is not", () => {
  const shares = [0.01, 0.5, 0.99, 0.55, 0.45, ...Array.from({ length: 95 }, () => 0.02)];
  const ages = normals(100);
  ages[7] = 40;
  const rows = logged(shares, frame(ages), [4]);
  const settings = labelQueueSchema.parse({
    capacity: 8,
    shares: { uncertain: 0.25, novel: 0.25, random: 0.5 },
  });
  expect(placesOf(settings)).toEqual({ random: 4, uncertain: 2, novel: 2 });
  const chosen = chooseForLabels(rows, frame(normals(500)), settings);
  expect(of(chosen, "uncertain")).toEqual(["p1", "p3"]);
  expect(of(chosen, "novel")[0]).toBe("p7");
  expect(of(chosen, "random")).toHaveLength(4);
  expect(chosen.map(({ id }) => id)).not.toContain("p4");
  expect(chosen.find(({ id }) => id === "p7")!.document).toMatchObject({
    inputs: { age: 40, plan: "basic" },
    prediction: "no",
  });
});

test("rows like those of the training are hardly ever novel", () => {
  const settings = labelQueueSchema.parse({ capacity: 4000, shares: { uncertain: 0, novel: 1, random: 0 } });
  const chosen = chooseForLabels(
    logged(Array(2000).fill(0.01), frame(normals(2000))),
    frame(normals(2000)),
    settings,
  );
  expect(chosen.length / 2000).toBeLessThan(0.03);
  const unseen = frame(normals(50), Array(50).fill("new"));
  expect(chooseForLabels(logged(Array(50).fill(0.01), unseen), frame(normals(500)), settings)).toHaveLength(
    50,
  );
});

test("the random sample of two windows is that of both together, in proportion to what is asked", () => {
  const settings = labelQueueSchema.parse({ capacity: 200, shares: { uncertain: 0, novel: 0, random: 1 } });
  const shares = Array.from({ length: 4000 }, (_, row) => (row % 4 === 0 ? 0.5 : 0.01));
  const all = chooseForLabels(logged(shares, frame(normals(4000))), frame(normals(10)), settings);
  const unsure = all.filter(({ id }) => Number(id.slice(1)) % 4 === 0).length;
  // 99.9 % bounds of a quarter of 200.
  expect(Math.abs(unsure - 50)).toBeLessThan(3.3 * Math.sqrt(200 * 0.25 * 0.75));
  const scores = all.map(({ score }) => score);
  expect(Math.min(...scores)).toBeGreaterThan(1 - 1.4 * (200 / 4000));
});
