import { expect, test } from "vitest";
import { trainerSuite } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { frameOf, regressionTargetOf } from "../../../../conformance/trainer-testing.js";
import { workContext } from "../../../../conformance/work-context.js";
import { dummy } from "./dummy.js";

trainerSuite(dummy, { predictInGraph });
trainerSuite(dummy, { predictInGraph, config: { center: "median" } });

test("the median weighs rows, and lies between the two middle values", async () => {
  const features = frameOf([[0], [0], [0], [0]]);
  const target = regressionTargetOf([4, 1, 100, 2]);
  const config = dummy.config.parse({ center: "median" });
  const median = async (weights?: number[]) => {
    const train = { features, target, ...(weights ? { weights: Float64Array.from(weights) } : {}) };
    return (await dummy.fit({ train }, config, workContext())).predict(features).values[0];
  };
  expect(await median()).toBe(3);
  expect(await median([1, 1, 5, 1])).toBe(100);
  expect(await median([1, 1, 0, 1])).toBe(2);
});
