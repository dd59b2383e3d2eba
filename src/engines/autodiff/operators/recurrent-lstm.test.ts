import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { createGraph, type OnnxGraph, openBuiltModel } from "../../onnx/index.js";
import { createDifferentiableGraph } from "../differentiable-graph.js";

const [STEPS, BATCH, WIDTH, HIDDEN] = [5, 3, 2, 4];
const SHAPES = {
  input: [STEPS, BATCH, WIDTH],
  weight: [2, 4 * HIDDEN, WIDTH],
  stateWeight: [2, 4 * HIDDEN, HIDDEN],
  bias: [2, 8 * HIDDEN],
  lengths: [BATCH],
  state: [2, BATCH, HIDDEN],
  cell: [2, BATCH, HIDDEN],
};
const feeds = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape], seed): [string, Tensor] => {
    const size = shape.reduce((product, length) => product * length, 1);
    if (name === "lengths") return [name, { type: "int32", shape, data: Int32Array.of(5, 1, 3) }];
    return [
      name,
      { type: "float32", shape, data: Float32Array.from({ length: size }, (_, k) => Math.sin(3 * k + seed)) },
    ];
  }),
);

async function outputsIn(graph: OnnxGraph) {
  const inputs = Object.entries(feeds).map(([name, { type, shape }]) => graph.input(name, type, shape));
  const attributes = { hidden_size: { int: HIDDEN }, direction: { string: "bidirectional" } };
  const results = graph.node("LSTM", inputs, { attributes }).slice(0, 3);
  for (const [k, value] of results.entries()) graph.output(`y${k}`, value);
  const model = graph.toModel();
  const session = await openBuiltModel(model, { threads: 1 });
  const found = await session.run(feeds);
  await session.close();
  return { ops: model.graph!.node!.map(({ opType }) => opType), values: Object.values(found) };
}

describe("LSTM in a graph that is differentiated", () => {
  it("is computed step by step, with the outputs of the op", async () => {
    const [op, steps] = [
      await outputsIn(createGraph({ name: "op" })),
      await outputsIn(createDifferentiableGraph("steps")),
    ];
    expect(op.ops).toContain("LSTM");
    expect(steps.ops).not.toContain("LSTM");
    // All gates of a step stand right behind one product, where the runtime computes both as one.
    expect(steps.ops.filter((type) => type === "Sigmoid")).toHaveLength(2 * STEPS);
    for (const [k, { shape, data }] of steps.values.entries()) {
      expect(shape).toEqual(op.values[k]!.shape);
      const gaps = Array.from(data as Float32Array, (value, at) =>
        Math.abs(value - Number(op.values[k]!.data[at])),
      );
      expect(Math.max(...gaps)).toBeLessThan(1e-6);
    }
  });
});
