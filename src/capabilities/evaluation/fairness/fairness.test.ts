import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import { measureFairness } from "./measure-fairness.js";

interface Recorded {
  readonly groups: string[];
  readonly probabilities: number[];
  readonly actual: number[];
  readonly byGroup: Record<string, Record<string, number>>;
  readonly demographicParityDifference: number;
  readonly demographicParityRatio: number;
  readonly equalizedOddsDifference: number;
  readonly equalizedOddsRatio: number;
  readonly equalOpportunityDifference: number;
}
const RECORDED: Recorded = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/trust/fairness.json", import.meta.url), "utf8"),
);

function binary({ groups, probabilities, actual }: Pick<Recorded, "groups" | "probabilities" | "actual">) {
  const dictionary = [...new Set(groups)];
  return {
    input: {
      target: { task: "binary", classes: ["no", "yes"], codes: Int32Array.from(actual) } as const,
      predictions: {
        kind: "probabilities",
        classes: 2,
        values: Float64Array.from(probabilities.flatMap((p) => [1 - p, p])),
      } as const,
    },
    groups: createFrame([
      [
        "group",
        { kind: "category", codes: Int32Array.from(groups, (name) => dictionary.indexOf(name)), dictionary },
      ],
    ]),
    random: createRandom("fairness"),
    resamples: 300,
  };
}

describe("figures by group", () => {
  const [fairness] = measureFairness(binary(RECORDED));
  const gap = (criterion: string) => fairness!.gaps.find((one) => one.criterion === criterion)!;

  it("are those of fairlearn", () => {
    const names: Record<string, string> = {
      selectionRate: "selection",
      truePositiveRate: "truePositive",
      falsePositiveRate: "falsePositive",
      precision: "precision",
    };
    for (const { group, figures } of fairness!.groups)
      for (const [mine, theirs] of Object.entries(names))
        expect(figures[mine]!.value).toBeCloseTo(RECORDED.byGroup[group]![theirs]!, 12);
    expect(gap("demographic-parity").difference.value).toBeCloseTo(RECORDED.demographicParityDifference, 12);
    expect(gap("demographic-parity").ratio!.value).toBeCloseTo(RECORDED.demographicParityRatio, 12);
    expect(gap("equalized-odds").difference.value).toBeCloseTo(RECORDED.equalizedOddsDifference, 12);
    expect(gap("equalized-odds").ratio!.value).toBeCloseTo(RECORDED.equalizedOddsRatio, 12);
    expect(gap("equal-opportunity").difference.value).toBeCloseTo(RECORDED.equalOpportunityDifference, 12);
  });

  it("come with sizes, a reference and intervals that hold the value", () => {
    expect(fairness!.reference).toBe("a");
    expect(fairness!.groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(RECORDED.groups.length);
    for (const { difference } of fairness!.gaps) {
      expect(difference.low!).toBeLessThanOrEqual(difference.value!);
      expect(difference.high!).toBeGreaterThanOrEqual(difference.value!);
    }
    expect(gap("demographic-parity").between).toEqual(["a", "c"]);
  });

  it("leave small groups out of comparisons, and say so", () => {
    const groups = RECORDED.groups.map((name, row) => (row < 12 ? "few" : name));
    const [one] = measureFairness(binary({ ...RECORDED, groups }));
    expect(one!.groups.find(({ group }) => group === "few")).toMatchObject({ rows: 12, tooSmall: true });
    expect(one!.gaps.flatMap(({ between }) => between)).not.toContain("few");
  });

  it("compare each of several classes with the rest, and numbers by residual", () => {
    const random = createRandom("fairness-numbers");
    const codes = Int32Array.from({ length: 400 }, () => random.integer(2));
    const groups = createFrame([["sex", { kind: "category", codes, dictionary: ["f", "m"] }]]);
    const predicted = Float64Array.from(codes, () => random.normal());
    const values = predicted.map((value, row) => value + codes[row]! + 0.1 * random.normal());
    const common = { groups, random, resamples: 100 };
    const [numbers] = measureFairness({
      ...common,
      input: { target: { task: "regression", values }, predictions: { kind: "values", values: predicted } },
    });
    expect(numbers!.class).toBeNull();
    expect(numbers!.gaps[0]!.difference.value).toBeCloseTo(1, 1);
    expect(numbers!.gaps[0]!.difference.low).toBeGreaterThan(0.9);
    const classes = measureFairness({
      ...common,
      input: {
        target: { task: "multiclass", classes: ["x", "y", "z"], codes: codes.map((_, row) => row % 3) },
        predictions: { kind: "probabilities", classes: 3, values: new Float64Array(1200).fill(1 / 3) },
      },
    });
    expect(classes.map((one) => one.class)).toEqual(["x", "y", "z"]);
    expect(classes[1]!.gaps.find(({ criterion }) => criterion === "predictive-parity")).toBeUndefined();
  });
});
