import { describe, expect, it } from "vitest";
import { METRICS } from "../src/capabilities/evaluation/metrics/index.js";
import { STRUCTURED_TASK_DEFINITIONS } from "../src/catalogue.js";
import { metricMeaning, outOfHundred } from "../src/engines/pages/metric-meanings.js";
import { LANGUAGES } from "../src/engines/pages/texts.js";

const IDS = [
  ...METRICS.map(({ id }) => id),
  ...STRUCTURED_TASK_DEFINITIONS.flatMap(({ metrics }) => metrics.map(({ id }) => id)),
  "gain",
];

describe("metrics in plain words", () => {
  it.each(IDS)("%s has words in every language, with and without a positive class", (id) => {
    for (const language of LANGUAGES) {
      for (const positive of ["yes", undefined]) {
        const meaning = metricMeaning(id, { target: "churn", positive }, language)!;
        expect(meaning.sentence(0.25)).toContain(meaning.write(0.25));
        expect(meaning.sentence(0.25)).toMatch(language === "zh" ? /。$/ : /[^.]\.$/);
        expect(meaning.sentence(0.25)).not.toMatch(/undefined|NaN/);
      }
    }
  });

  it("says nothing of a metric it does not know", () => {
    for (const id of ["their-own", "constructor"])
      expect(metricMeaning(id, { target: "churn" }, "en")).toBeUndefined();
  });

  it("never says all or none where it is not", () => {
    expect([0, 0.001, 0.713, 0.999, 1].map((share) => outOfHundred(share, "en"))).toEqual([
      ...["0 of 100", "fewer than 1 of 100", "71 of 100", "more than 99 of 100", "100 of 100"],
    ]);
    expect(outOfHundred(0.999, "zh")).toBe("99% 以上");
  });

  it("turns figures into what a reader knows", () => {
    const about = { target: "price" };
    const say = (id: string, value: number) => metricMeaning(id, about, "en")!.sentence(value);
    expect(say("log-loss", -Math.log(0.64))).toContain("a probability of 64.0%");
    expect(metricMeaning("log-loss", about, "en")!.bounds(-Math.log(0.7), -Math.log(0.6))).toEqual([
      ...["60.0%", "70.0%"],
    ]);
    expect(say("mse", 400)).toContain("miss by 20 (");
    expect(say("rmsle", Math.log(1.5))).toContain("a factor of 1.5");
    expect(say("pinball", 3)).toContain("miss by 6 on average");
    expect(say("ece", 0.031)).toContain("by 3.1 percentage points");
  });
});
