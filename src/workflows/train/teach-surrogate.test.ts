import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../conformance/trainer.js";
import { largestGap } from "../../capabilities/explanations/shapley/contributions.js";
import { createModelExplainer } from "../../capabilities/explanations/shapley/model-explainer.js";
import { type Lesson, learnSurrogate } from "../../capabilities/explanations/surrogate/learn-surrogate.js";
import {
  createColumnReader,
  describeColumns,
} from "../../capabilities/explanations/surrogate/readable-columns.js";
import { createSurrogateExplainer } from "../../capabilities/explanations/surrogate/surrogate-explainer.js";
import { createTreeTables } from "../../capabilities/explanations/surrogate/tree-tables.js";
import { gbdt } from "../../capabilities/trainers/gbdt/gbdt.js";
import { createRandom, type Random } from "../../foundation/base/random.js";
import { type Column, createFrame, type Frame, takeRows } from "../../foundation/contracts/frame.js";
import type { FlatTrees } from "../../foundation/contracts/model-anatomy.js";

const CITIES = ["Paris", "北京", "Lima", "Oslo", "Bonn"];

/** Four numbers, one of them with gaps, and a category. */
function makeRows(rows: number, random: Random): Frame {
  const numbers = (share: number): Column => ({
    kind: "number",
    values: Float64Array.from({ length: rows }, () =>
      random.uniform() < share ? Number.NaN : Math.fround(random.normal()),
    ),
  });
  return createFrame([
    ["a", numbers(0)],
    ["b", numbers(0.2)],
    ["c", numbers(0)],
    ["年龄", numbers(0)],
    [
      "city",
      {
        kind: "category",
        dictionary: CITIES,
        codes: Int32Array.from({ length: rows }, () => random.integer(6) - 1),
      },
    ],
  ]);
}

/** A model with crossed and missing effects. */
async function answer(rows: Frame): Promise<Float64Array> {
  const of = (name: string) => (rows.columns.get(name) as { values: Float64Array }).values;
  const codes = (rows.columns.get("city") as { codes: Int32Array }).codes;
  return Float64Array.from({ length: rows.rows }, (_, k) => {
    const b = Number.isNaN(of("b")[k]!) ? -1 : of("b")[k]!;
    return of("a")[k]! * 0.5 + b * Math.sign(of("c")[k]!) + (codes[k] === 1 ? of("年龄")[k]! : 0);
  });
}

async function fitTrees(train: Lesson, held: Lesson) {
  const labelled = ({ features, values }: Lesson) => ({
    features,
    target: { task: "regression" as const, values },
  });
  const config = gbdt.config.parse({
    iterations: 150,
    iterationLimit: 150,
    leaves: 16,
    maxDepth: 4,
    learningRate: 0.15,
  });
  const fitted = await gbdt.fit(
    { train: labelled(train), validation: labelled(held) },
    config,
    trainingContext(),
  );
  return { trees: fitted.state.ensemble, predict: (features: Frame) => fitted.predict(features).values };
}

const rows = makeRows(2000, createRandom("rows"));
const background = takeRows(
  rows,
  Int32Array.from({ length: 24 }, (_, k) => k),
);
const explained = takeRows(
  rows,
  Int32Array.from({ length: 20 }, (_, k) => 100 + k),
);
const school = {
  predict: answer,
  outputs: 1,
  rows,
  background,
  lessons: 4000,
  random: createRandom(1),
  fit: fitTrees,
};

describe("tables of trees", () => {
  it("hold the Shapley values that all coalitions give", async () => {
    const surrogate = (await learnSurrogate(school))!;
    const reader = createColumnReader(surrogate.columns);
    const [trees] = surrogate.trees as [FlatTrees];
    const tables = createTreeTables(trees, reader.matrix(background));
    const width = surrogate.columns.length;
    const lines = (frame: Frame) => {
      const matrix = reader.matrix(frame);
      return Array.from({ length: frame.rows }, (_, row) => matrix.subarray(row * width, (row + 1) * width));
    };
    const exact = await createModelExplainer({
      model: {
        outputs: 1,
        predict: async (frame) => Float64Array.from(lines(frame), (line) => tables.score(line)),
      },
      space: "value",
      background,
      budget: { method: "permutation", coalitions: 32, random: createRandom(0) },
    }).explain(explained);
    expect(tables.base).toBeCloseTo(exact.base[0]!, 9);
    for (const [row, line] of lines(explained).entries()) {
      const own = new Float64Array(width);
      tables.explain(line, own);
      for (let k = 0; k < width; k++) expect(own[k]).toBeCloseTo(exact.values[row * width + k]!, 9);
    }
  });
  it("refuse trees whose ways ask too many columns", () => {
    const nodes = 12;
    const chain: FlatTrees = {
      ...{ features: nodes, outputs: 1, aggregate: "sum", roots: Int32Array.of(0) },
      nodeFeature: Int32Array.from({ length: nodes }, (_, k) => k),
      ...{ nodeThreshold: new Float32Array(nodes), nodeFlags: new Uint8Array(nodes) },
      nodeLeft: Int32Array.from({ length: nodes }, (_, k) => (k + 1 < nodes ? k + 1 : ~nodes)),
      nodeRight: Int32Array.from({ length: nodes }, (_, k) => ~k),
      ...{
        nodeSet: new Int32Array(nodes).fill(-1),
        sets: new Uint32Array(0),
        categories: new Int32Array(nodes),
      },
      ...{
        leafValues: new Float32Array(nodes + 1),
        leafRows: new Int32Array(nodes + 1),
        base: Float64Array.of(0),
      },
    };
    expect(() => createTreeTables(chain, new Float32Array(nodes))).toThrow(/12 columns/);
  });
});

describe("an explanation by surrogate", () => {
  it("adds up to the model's own answers and is near the exact values", async () => {
    const surrogate = (await learnSurrogate(school))!;
    expect(surrogate.fidelity).toBeGreaterThan(0.95);
    const model = { outputs: 1, predict: answer };
    const explainer = await createSurrogateExplainer({ surrogate, model, space: "value", background });
    const found = await explainer.explain(explained);
    expect(largestGap(found)).toBeLessThan(1e-9);
    expect(explainer.basis).toMatchObject({ method: "surrogate", exact: false, backgroundRows: 24 });
    const exact = await createModelExplainer({
      ...{ model, space: "value", background },
      budget: { method: "permutation", coalitions: 32, random: createRandom(0) },
    }).explain(explained);
    const size = exact.values.reduce((sum, value) => sum + Math.abs(value), 0);
    const error = exact.values.reduce((sum, value, k) => sum + Math.abs(value - found.values[k]!), 0);
    expect(error / size).toBeLessThan(0.2);
  });
  it("speaks for both of two classes with one output", async () => {
    const chance = async (frame: Frame) =>
      Float64Array.from(await answer(frame)).map((score) => 1 / (1 + Math.exp(-score)));
    const predict = async (frame: Frame) =>
      Float64Array.from([...(await chance(frame))].flatMap((p) => [1 - p, p]));
    const surrogate = (await learnSurrogate({ ...school, predict, outputs: 2 }))!;
    const model = { outputs: 2, predict };
    const explainer = await createSurrogateExplainer({ surrogate, model, space: "probability", background });
    const found = await explainer.explain(explained);
    expect(found.outputs).toBe(1);
    expect([...found.scores]).toEqual([...(await chance(explained))]);
    expect(largestGap(found)).toBeLessThan(1e-9);
  });
  it("is the same for the same seed, and is not made of texts or without time", async () => {
    const again = () => learnSurrogate({ ...school, lessons: 1200, random: createRandom(3) });
    expect(await again()).toEqual(await again());
    const text = createFrame([["t", { kind: "text" as const, values: ["a", "b"] }]]);
    expect(await learnSurrogate({ ...school, rows: text, background: text })).toBeUndefined();
    expect(await learnSurrogate({ ...school, goesOn: () => false })).toBeUndefined();
  });
});

describe("columns as numbers", () => {
  it("keep codes by text, and make what is unknown or missing NaN", () => {
    const category = (dictionary: string[], ...codes: number[]) =>
      createFrame([["x", { kind: "category" as const, dictionary, codes: Int32Array.from(codes) }]]);
    const reader = createColumnReader(describeColumns(category(["是", "否"], 0, 1)));
    expect([...reader.matrix(category(["否", "?", "是"], 0, 1, 2, -1))]).toEqual([
      1,
      Number.NaN,
      0,
      Number.NaN,
    ]);
  });
});
