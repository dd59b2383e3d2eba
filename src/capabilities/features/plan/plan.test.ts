import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { type Column, createFrame } from "../../../foundation/contracts/frame.js";
import { describeColumns } from "./facts.js";
import { planFeatures } from "./plan.js";

const ROWS = 500;
const random = createRandom("plan");
const limits = { rows: ROWS, task: "binary", classes: 2 } as const;

const number = (make: (row: number) => number): Column => ({
  kind: "number",
  values: Float32Array.from({ length: ROWS }, (_, row) => make(row)),
});
const category = (make: (row: number) => string): Column => {
  const values = Array.from({ length: ROWS }, (_, row) => make(row));
  const dictionary = [...new Set(values)].filter((value) => value !== "");
  return {
    kind: "category",
    dictionary,
    codes: Int32Array.from(values, (value) => dictionary.indexOf(value)),
  };
};
const frame = createFrame([
  ["id", { kind: "id", values: Array.from({ length: ROWS }, (_, row) => `${row}`) }],
  ["even", number(() => random.normal())],
  ["skewed", number(() => Math.exp(2 * random.normal()))],
  ["mostly zero", number((row) => (row % 20 === 0 ? 1 + random.uniform() : 0))],
  ["constant", number(() => 7)],
  ["empty", number(() => Number.NaN)],
  ["constant or missing", number((row) => (row % 5 ? 1 : Number.NaN))],
  ["few", category((row) => ["a", "b", ""][row % 3]!)],
  ["many", category((row) => `v${row % 300}`)],
  [
    "review",
    { kind: "text", values: Array.from({ length: ROWS }, (_, row) => (row % 2 ? "好吃 非常" : "not bad")) },
  ],
]);
const facts = describeColumns(frame);

function columnsOf(style: Parameters<typeof planFeatures>[1], transform: string): string[] {
  return planFeatures(facts, style, limits)
    .steps.filter((step) => step.transform === transform)
    .flatMap((step) => step.columns ?? []);
}

describe("describeColumns", () => {
  it("states the facts that plans depend on", () => {
    const byName = new Map(facts.map((fact) => [fact.name, fact]));
    expect(byName.get("mostly zero")).toMatchObject({ missing: 0, commonest: 0.95, isFloat32: true });
    expect(byName.get("constant or missing")).toMatchObject({ missing: 100, distinct: 1 });
    expect(byName.get("few")).toMatchObject({ missing: 166, distinct: 2 });
    expect(byName.get("skewed")!.skewness).toBeGreaterThan(1);
    expect(byName.get("review")!.hanShare).toBeCloseTo(0.4, 1);
  });
});

describe("planFeatures", () => {
  it("gives networks with encoders the pieces of texts", () => {
    expect(columnsOf("encoders", "subwords")).toEqual(["review"]);
    expect(columnsOf("encoders", "tfidf")).toEqual([]);
    expect(columnsOf("encoders", "quantile")).toContain("even");
  });

  it("joins the texts that are to be read as one, in their order", () => {
    const text = facts.find(({ name }) => name === "review")!;
    const both = [text, { ...text, name: "answer" }, { ...text, name: "note" }];
    const joined = ["answer", "review"];
    const plan = planFeatures(both, "encoders", { ...limits, joined });
    expect(plan.columns).toEqual(["answer", "review", "note"]);
    expect(plan.steps.map(({ transform, columns }) => [transform, columns])).toEqual([
      ["joined-subwords", ["review", "answer"]],
      ["subwords", ["note"]],
    ]);
    expect(() => planFeatures([text], "encoders", { ...limits, joined })).toThrow(/"answer" cannot be read/);
  });

  it("leaves out ids and columns that say nothing", () => {
    for (const style of ["tree", "linear", "distance", "neural", "counts"] as const) {
      const { columns } = planFeatures(facts, style, limits);
      expect(columns).not.toContain("id");
      expect(columns).not.toContain("constant");
      expect(columns).not.toContain("empty");
      expect(columns).toContain("constant or missing");
    }
  });

  it("gives trees raw numbers and codes, grouped only where there are too many", () => {
    expect(columnsOf("tree", "impute")).toEqual([]);
    expect(columnsOf("tree", "one-hot")).toEqual([]);
    expect(columnsOf("tree", "ordinal")).toEqual(["few", "many"]);
    expect(columnsOf("tree", "rare")).toEqual(["many"]);
    expect(columnsOf("tree", "select")).toEqual(["review"]);
  });

  it("tells trees what the target says of many categories", () => {
    expect(columnsOf("tree", "target-encode")).toEqual(["many"]);
  });

  it("takes numbers that are codes for categories as well", () => {
    const code = { name: "store", kind: "number", missing: 0, distinct: 300, isCode: true } as const;
    const stepsOf = (style: Parameters<typeof planFeatures>[1]) =>
      planFeatures([{ ...code, skewness: 0, commonest: 0.01 }], style, limits).steps.map(
        ({ transform }) => transform,
      );
    for (const style of ["linear", "distance", "neural", "embedded"] as const)
      expect(stepsOf(style)).toEqual(expect.arrayContaining(["as-category", "target-encode", "rare"]));
    expect(stepsOf("tree")).toEqual(["as-category", "target-encode"]);
    expect(stepsOf("linear")).toEqual(expect.arrayContaining(["standard", "one-hot"]));
    expect(stepsOf("counts")).not.toContain("target-encode");
  });

  it("gives linear models scaled numbers with their powers, one-hot and target encoding", () => {
    expect(columnsOf("linear", "standard")).toEqual([
      "even",
      "skewed",
      "mostly zero",
      "constant or missing",
      "many",
    ]);
    expect(columnsOf("linear", "yeo-johnson")).toEqual(expect.arrayContaining(["skewed", "mostly zero"]));
    expect(columnsOf("linear", "one-hot")).toEqual(["few", "many"]);
    expect(columnsOf("linear", "target-encode")).toEqual(["many"]);
  });

  it("does not bend columns for distances where one value fills half of them", () => {
    expect(columnsOf("distance", "yeo-johnson")).toEqual(["skewed"]);
  });

  it("gives networks numbers of a normal distribution", () => {
    expect(columnsOf("neural", "quantile")).toEqual(["even", "skewed", "mostly zero", "constant or missing"]);
    expect(columnsOf("neural", "one-hot")).toEqual(["few", "many"]);
    expect(columnsOf("neural", "select")).toEqual(["review"]);
  });

  it("keeps counts from the target and from negative numbers", () => {
    expect(columnsOf("counts", "target-encode")).toEqual([]);
    expect(columnsOf("counts", "standard")).toEqual([]);
  });

  it("bounds the width of text by memory, and segments Chinese only with a segmenter", () => {
    const steps = (given: object) => planFeatures(facts, "linear", { ...limits, ...given }).steps;
    const width = (given: object) =>
      steps(given).find(({ transform }) => transform === "tfidf")!.config!.maximumFeatures;
    expect(width({})).toBe(5000);
    expect(width({ rows: 1_000_000, bytes: 2 ** 30 })).toBe(268);
    const han = (given: object) => steps(given).find(({ transform }) => transform === "tokens")!.config!.han;
    expect(han({})).toBe("characters");
    expect(han({ segmenter: true })).toBe("words");
  });

  it("bounds the width of one-hot columns by memory", () => {
    const plan = planFeatures(facts, "linear", { ...limits, bytes: ROWS * 4 * 20 });
    const caps = plan.steps
      .filter(({ transform }) => transform === "rare")
      .map(({ config }) => config!.maximumCategories);
    expect(caps).toEqual([16, 16]);
  });

  it("always gives one feature to models that ignore features", () => {
    expect(planFeatures(facts, "none", limits).columns).toEqual(["even"]);
    const onlyText = facts.filter(({ kind }) => kind === "text");
    expect(planFeatures(onlyText, "none", limits).steps).toHaveLength(1);
    expect(planFeatures([], "none", limits)).toEqual({ columns: [], steps: [] });
  });
});
