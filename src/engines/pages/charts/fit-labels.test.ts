import { describe, expect, it } from "vitest";
import { fitLabels, textWidth } from "./fit-labels.js";

describe("labels of a chart", () => {
  it("stay whole where there is room", () => {
    expect(fitLabels(["age", "年龄", "age"], 100, 11)).toEqual(["age", "年龄", "age"]);
  });

  it("are cut to the width, Chinese letters counted as wide", () => {
    const [english, chinese] = fitLabels(
      ["average monthly transactions", "过去四个季度的客户月均交易金额"],
      90,
      11,
    );
    expect(english).toMatch(/^average.*…$/);
    expect(chinese).toMatch(/^过去四.*…$/);
    for (const label of [english!, chinese!]) expect(textWidth(label, 11)).toBeLessThanOrEqual(90);
  });

  it("keep what tells them apart", () => {
    const labels = [1, 3, 21].map((quarters) => `average_monthly_amount_over_the_last_${quarters}_quarters`);
    const fitted = fitLabels(labels, 150, 11);
    expect(new Set(fitted).size).toBe(3);
    expect(fitted[0]).toContain("1_quart");
    expect(fitted[2]).toContain("21_quart");
    for (const label of fitted) expect(textWidth(label, 11)).toBeLessThanOrEqual(160);
  });

  it("are equal where the names are", () => {
    const long = "x".repeat(80);
    const [first, second] = fitLabels([long, long], 90, 11);
    expect(first).toBe(second);
  });
});
