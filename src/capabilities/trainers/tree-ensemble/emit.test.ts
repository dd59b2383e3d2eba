import { expect, it } from "vitest";
import { trainingContext } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import { randomForest } from "../forest/random-forest.js";
import { gbdt } from "../gbdt/gbdt.js";
import { averageEnsembles } from "./average.js";

/** Nothing but small categories: nodes on one feature follow one another in every tree. */
function categories(rows: number, seed: number, missing: number) {
  const random = createRandom(seed);
  const sizes = [4, 4, 3, 3, 33, 64];
  const columns = sizes.map((size, k) => {
    const code = () => (random.uniform() < missing ? Number.NaN : random.integer(size));
    const values = Float32Array.from({ length: rows }, code);
    const names = Array.from({ length: size }, (_, c) => `category ${c}`);
    return [`x${k}`, { kind: "number", values, categories: names }] as const;
  });
  const codes = Int32Array.from({ length: rows }, (_, row) =>
    columns.reduce(
      (sum, [, { values }], k) => (sum + (k + 2) * (values[row]! || 0) ** 2) % 3,
      random.integer(2),
    ),
  );
  return {
    features: createFrame(columns),
    target: { task: "multiclass", codes, classes: ["a", "b", "c"] } as const,
  };
}

it.each([0, 0.2])(
  "chains of category tests are exported faithfully, with %d of the values missing",
  async (missing) => {
    const train = categories(1500, 1, missing);
    const { features } = categories(1500, 2, 0.1);
    for (const [trainer, options] of [
      [randomForest, { trees: 15 }],
      [gbdt, { iterations: 40, minRowsPerLeaf: 2, minRowsPerCategoryGroup: 1 }],
    ] as const) {
      const fitted = await trainer.fit(
        { train },
        trainer.config.parse(options) as never,
        trainingContext({ threads: 2 }),
      );
      const graph = await predictInGraph(fitted, features);
      const own = fitted.predict(features).values;
      for (const [k, value] of graph.entries()) expect(Math.abs(value - own[k]!)).toBeLessThan(1e-5);
    }
  },
);

it("keeps what late rounds add, however small beside the sum", async () => {
  const rows = 21;
  const random = createRandom(3);
  const features = createFrame([
    ["x", { kind: "number", values: Float32Array.from({ length: rows }, (_, row) => row) }],
  ]);
  const states = [];
  for (let model = 0; model < 8; model++) {
    const values = Float64Array.from({ length: rows }, (_, row) => row - 10 + 0.01 * random.uniform());
    const config = gbdt.config.parse({ iterations: 400, learningRate: 0.05, minRowsPerLeaf: 1 });
    const train = { features, target: { task: "regression", values } } as const;
    states.push((await gbdt.fit({ train }, config, trainingContext())).state);
  }
  const joined = gbdt.restore({
    ...states[0]!,
    ensemble: averageEnsembles(
      states.map(({ ensemble }) => ensemble),
      Float64Array.from(states, () => 1 / states.length),
    ),
  });
  const exported = await predictInGraph(joined, features);
  for (const [row, value] of joined.predict(features).values.entries())
    expect(Math.abs(exported[row]! - value)).toBeLessThan(1e-5);
});
