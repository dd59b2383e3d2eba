import { describe, expect, it } from "vitest";
import { structuresInGraph } from "../../../../conformance/structure-graph.js";
import { trainingContext } from "../../../../conformance/trainer.js";
import { sampleRows } from "../../../../conformance/trainer-samples.js";
import { pack, unpack } from "../../../foundation/base/packing.js";
import { takeRows } from "../../../foundation/contracts/frame.js";
import { compareTensors } from "../../../foundation/contracts/prediction.js";
import type { StructuredRows, StructuredTrainer } from "../../../foundation/contracts/structured-trainer.js";
import type { FeatureStyle, Trainer } from "../../../foundation/contracts/trainer.js";
import { gbdt } from "../gbdt/gbdt.js";
import { logisticRegression } from "../linear/logistic-regression.js";
import { createBinaryRelevance } from "./binary-relevance.js";
import { LABEL_NETWORKS } from "./label-networks.js";

const relevance = createBinaryRelevance([logisticRegression, gbdt] as unknown as Trainer[]);
const all = [relevance, ...LABEL_NETWORKS] as unknown as StructuredTrainer<"multilabel">[];
const trainerOf = (id: string) => all.find((trainer) => trainer.id === id)!;

/** The class of the sample, and whether it is the last; a third label that no row has. */
function labelled(style: FeatureStyle, rows: number, seed: string): StructuredRows<"multilabel"> {
  const { features, target } = sampleRows(style, "multiclass", rows, seed);
  if (target.task === "regression") throw new Error("Classes were wanted.");
  const labels = ["first", "second", "later", "never"];
  const held = Array.from(target.codes, (code) => [...(code < 2 ? [code] : []), ...(code > 0 ? [2] : [])]);
  return { features, target: { task: "multilabel", labels, rows: held } };
}

const CASES = [
  ["binary-relevance", "linear", {}],
  ["binary-relevance", "tree", { learner: "gbdt", settings: { iterations: 8 } }],
  ["text-network", "encoders", { epochs: 2, minimumSteps: 4, width: 16, pairBuckets: 64 }],
  [
    "text-encoder",
    "encoders",
    {
      model: "test/oracles/encoders/bert",
      epochs: 3,
      minimumSteps: 4,
      widePairBuckets: 64,
      tuning: "frozen",
    },
  ],
  ["image-network", "encoders", { epochs: 1, minimumSteps: 4, width: 4, mixup: 0.2 }],
  ["neural-network", "neural", { steps: 40, hiddenWidth: 16 }],
] as const;

describe("trainers of several labels", () => {
  it.each(CASES)("give in the graph what they predict: %s %s", async (id, style, config) => {
    const trainer = trainerOf(id);
    const [train, fresh] = [labelled(style, 80, "train"), labelled(style, 40, "fresh")];
    const settings = trainer.config.parse(config);
    const fitted = await trainer.fit({ train, validation: fresh }, settings, trainingContext());
    const made = fitted.predict(fresh.features);
    expect(made.probabilities!.shape).toEqual([40, 4]);
    const values = made.probabilities!.data as Float32Array;
    expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
    const emitted = await structuresInGraph(fitted, fresh.features);
    expect(compareTensors(emitted, made).maxAbsDiff).toBeLessThan(1e-5);
    const again = trainer.restore(unpack(pack(fitted.state)));
    expect(again.predict(fresh.features)).toEqual(made);
    const alone = again.predict(takeRows(fresh.features, [7])).probabilities!.data as Float32Array;
    for (const [label, value] of alone.entries()) expect(value).toBeCloseTo(values[7 * 4 + label]!, 6);
    const second = await trainer.fit({ train, validation: fresh }, settings, trainingContext());
    expect(Buffer.compare(pack(second.state), pack(fitted.state))).toBe(0);
  });

  it("learns labels that hold together", async () => {
    const [train, fresh] = [labelled("linear", 300, "train"), labelled("linear", 200, "fresh")];
    const fitted = await relevance.fit({ train }, relevance.config.parse({}), trainingContext());
    const values = fitted.predict(fresh.features).probabilities!.data as Float32Array;
    const right = fresh.target.rows.filter((held, row) => held.includes(2) === values[row * 4 + 2]! >= 0.5);
    expect(right.length / 200).toBeGreaterThan(0.7);
    expect(values.filter((_, at) => at % 4 === 3).every((value) => value < 0.1)).toBe(true);
  });

  it("names the trainers that may learn a label", async () => {
    const train = labelled("linear", 20, "train");
    const config = relevance.config.parse({ learner: "logistic" });
    await expect(relevance.fit({ train }, config, trainingContext())).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});
