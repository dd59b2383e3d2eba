import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import { averagePrecision, f1Of, type LabelTable, labelFigures, rankedRows } from "./label-figures.js";
import { chooseThresholds } from "./label-thresholds.js";
import { createMultilabel } from "./multilabel.js";
import { parseLabels } from "./parse-labels.js";

interface OracleCase {
  readonly rows: number;
  readonly labels: number;
  readonly truth: number[];
  readonly scores: number[];
  readonly decided: number[];
  readonly weights: number[];
  readonly plain: Record<string, number>;
  readonly weighted: Record<string, number>;
}
const oracle = JSON.parse(readFileSync("test/oracles/multilabel/figures.json", "utf8")) as {
  cases: OracleCase[];
};

const tableOf = ({ rows, labels, truth, scores, decided }: OracleCase): LabelTable => ({
  ...{ rows, labels },
  truth: Uint8Array.from(truth),
  probabilities: Float64Array.from(scores),
  decided: Uint8Array.from(decided),
});

describe("figures of labels", () => {
  it.each(oracle.cases)("are those of scikit-learn, also of weighted rows: $rows x $labels", (given) => {
    const compute = labelFigures(tableOf(given));
    for (const [weights, expected] of [
      [new Array<number>(given.rows).fill(1), given.plain],
      [given.weights, given.weighted],
    ] as const) {
      const figures = compute(Float64Array.from(weights));
      for (const [name, value] of Object.entries(expected)) expect(figures[name]).toBeCloseTo(value, 9);
    }
  });

  it("leave labels without a true row out of the mean of average precisions", () => {
    const table: LabelTable = {
      ...{ rows: 2, labels: 2, truth: Uint8Array.of(1, 0, 0, 0), decided: new Uint8Array(4) },
      probabilities: Float64Array.of(0.9, 0.5, 0.1, 0.4),
    };
    const ones = Float64Array.of(1, 1);
    expect(averagePrecision(table, 1, rankedRows(table, 1), ones)).toBeNaN();
    expect(labelFigures(table)(ones)["mean-average-precision"]).toBe(1);
  });
});

describe("thresholds", () => {
  it("give each label the greatest F1 that any threshold gives", () => {
    const shape = fc.record({ rows: fc.integer({ min: 12, max: 40 }), seed: fc.integer() });
    fc.assert(
      fc.property(shape, ({ rows, seed }) => {
        const random = createRandom(seed);
        const truth = Uint8Array.from({ length: rows }, (_, row) =>
          row < 6 || random.uniform() < 0.3 ? 1 : 0,
        );
        const probabilities = Float64Array.from(
          truth,
          (held) => Math.round(8 * (0.4 * held + 0.6 * random.uniform())) / 8,
        );
        const known = truth.reduce((sum, held) => sum + held, 0);
        const f1At = (threshold: number) => {
          const said = probabilities.filter((value) => value >= threshold).length;
          const right = truth.filter((held, row) => held === 1 && probabilities[row]! >= threshold).length;
          return f1Of(right, said, known);
        };
        const [threshold] = chooseThresholds({ rows, labels: 1, truth, probabilities });
        const best = Math.max(...Array.from(probabilities, f1At));
        expect(f1At(threshold!)).toBeCloseTo(best, 12);
      }),
    );
  });

  it("stay at one half for labels of few rows", () => {
    const truth = Uint8Array.of(1, 0, 0, 1);
    expect(
      chooseThresholds({ rows: 4, labels: 1, truth, probabilities: new Float64Array(4).fill(0.2) }),
    ).toEqual([0.5]);
  });
});

describe("parseLabels", () => {
  it.each([
    [
      ["a|b", "b", "[]", ""],
      [[0, 1], [1], [], []],
      ["a", "b"],
    ],
    [
      ['["价格, 便宜","质量"]', '["质量"]'],
      [[0, 1], [1]],
      ["价格, 便宜", "质量"],
    ],
    [
      ["a, b; c", "c"],
      [[0, 1], [1]],
      ["a, b", "c"],
    ],
    [
      ["价格，质量", "质量、价格"],
      [[0, 1], [2]],
      ["价格", "质量", "质量、价格"],
    ],
    [
      ["b,a,b", " a "],
      [[0, 1], [0]],
      ["a", "b"],
    ],
  ])("reads %j", (cells, rows, labels) => {
    expect(parseLabels(cells).target).toEqual({ task: "multilabel", labels, rows });
  });

  it("leaves out rows whose cell is empty, and says so; labels that a model does not know can only be missed", () => {
    const { rows, findings } = parseLabels(["a", "", "[]"]);
    expect([...rows]).toEqual([0, 2]);
    expect(findings.map(({ id }) => id)).toEqual(["rare-labels", "unknown-labels"]);
    const known = parseLabels(["a|x", "y"], ["b", "a"]);
    expect(known.target.labels).toEqual(["b", "a", "(other)"]);
    expect(known.target.rows).toEqual([[1, 2], [2]]);
  });

  it("names the row of a cell that it cannot read", () => {
    expect(() => parseLabels(["a", "[1, {}]"])).toThrow(/Row 2: .* is no list of names/);
    expect(() => parseLabels(['["a"'])).toThrow(/Row 1: .* is not JSON/);
    expect(() => parseLabels(["", "[]"])).toThrow(/No row has a label/);
  });
});

describe("multilabel", () => {
  const task = createMultilabel(() => ({ columns: [], steps: [] }));
  const labels = ["a", "b"];
  const target = { task: "multilabel" as const, labels, rows: [[0], [0, 1], []] };
  const inputs = createFrame([["text", { kind: "text", values: ["one", "two", "three"] }]]);
  const answer = (held: string[], a: number, b: number) => ({ labels: held, probabilities: { a, b } });
  const judged = (answers: ReturnType<typeof answer>[]) =>
    task.judge({
      ...{ target, inputs, answers, rowNumbers: [10, 11, 12], split: "test", resamples: 200 },
      baseline: task.baseline!({ target, inputs }, inputs),
      random: createRandom("judge"),
      signal: new AbortController().signal,
    });

  it("tells figures with intervals, by label, calibration and the worst rows", () => {
    const evaluation = judged([
      answer(["a"], 0.9, 0.1),
      answer(["b"], 0.3, 0.8),
      answer(["a", "b"], 0.7, 0.6),
    ]);
    expect(evaluation.metric).toBe("f1-micro");
    expect(evaluation.metrics["f1-micro"]!.value).toBeCloseTo(4 / 7, 12);
    expect(evaluation.baseline["f1-micro"]).toBeGreaterThan(0);
    expect(evaluation.perClass.map((one) => [one.class, one.rows, one.precision, one.recall])).toEqual([
      ["a", 2, 0.5, 0.5],
      ["b", 1, 0.5, 1],
    ]);
    expect(evaluation.calibration.map((one) => one.class)).toEqual(labels);
    expect(evaluation.worstStructures!.map(({ row, error, text }) => [row, error, text])).toEqual([
      [12, 2, "three"],
      [11, 1, "two"],
    ]);
  });

  it("takes thresholds from validation rows", () => {
    const data = Float32Array.from({ length: 20 }, (_, k) => (k % 2 === 0 ? 0.3 : 0.1) + k / 1000);
    const rows = Array.from({ length: 20 }, (_, k) => (k % 2 === 0 ? [0] : []));
    const held = { task: "multilabel" as const, labels: ["a"], rows };
    const tensors = { probabilities: { type: "float32" as const, shape: [20, 1], data } };
    const outputs = task.outputs({
      target: held,
      inputs: [],
      features: [],
      config: {},
      validation: { target: held, tensors },
    });
    if (outputs.kind !== "labels") throw new Error("Labels were wanted.");
    expect(outputs.thresholds[0]).toBeGreaterThan(0.12);
    expect(outputs.thresholds[0]).toBeLessThan(0.3);
  });
});
