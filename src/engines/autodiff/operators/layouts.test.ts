import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { createGraph, Expressions, type OnnxGraph, openBuiltModel } from "../../onnx/index.js";
import { createDifferentiableGraph } from "../differentiable-graph.js";
import { gradients } from "../gradients.js";

type Network = (x: Expressions, graph: OnnxGraph, inputs: readonly GraphValue[]) => GraphValue;

/** The network's result and what comes back to its inputs from the result's product with fixed numbers. */
async function train(graph: OnnxGraph, network: Network, shapes: readonly (readonly number[])[]) {
  const x = new Expressions(graph);
  const random = createRandom("layouts");
  const normals = (shape: readonly number[]) =>
    Float32Array.from({ length: elementCount(shape) }, () => random.normal());
  const inputs = shapes.map((shape, k) => graph.input(`x${k}`, "float32", shape));
  const feeds = shapes.map((shape, k) => [
    `x${k}`,
    { type: "float32" as const, shape, data: normals(shape) },
  ]);
  const result = network(x, graph, inputs);
  const weights = graph.constant("float32", result.shape as number[], normals(result.shape as number[]));
  graph.output("y", result);
  const found = gradients(graph, x.sum(x.mul(result, weights)), inputs);
  for (const [k, gradient] of found.entries()) graph.output(`d${k}`, gradient);
  const model = graph.toModel();
  const session = await openBuiltModel(model, { threads: 1 });
  try {
    const outputs = await session.run(Object.fromEntries(feeds));
    const ops = new Set(model.graph!.node!.map(({ opType }) => opType));
    return { ops, values: Object.values(outputs).map(({ data }) => data as Float32Array) };
  } finally {
    await session.close();
  }
}

async function bothWays(network: Network, shapes: readonly (readonly number[])[]) {
  const plain = await train(createGraph({ name: "plain" }), network, shapes);
  const trained = await train(createDifferentiableGraph("trained"), network, shapes);
  let worst = 0;
  for (const [k, values] of plain.values.entries()) {
    for (const [at, value] of values.entries())
      worst = Math.max(worst, Math.abs(value - trained.values[k]![at]!) / Math.max(1, Math.abs(value)));
  }
  return { worst, plain: plain.ops, trained: trained.ops };
}

describe("a graph that will be differentiated", () => {
  it("has attention without a transpose, with the same numbers", async () => {
    const shape = [2, 64, 8, 64];
    const heads = (x: Expressions, value: GraphValue) => x.transpose(value, [0, 2, 1, 3]);
    const { worst, plain, trained } = await bothWays(
      (x, graph, [q, k, v]) => {
        const scores = x.matmul(heads(x, q!), x.transposeMatrices(heads(x, k!)));
        const shares = graph.op("Softmax", [x.mul(scores, 0.125)]);
        return heads(x, x.matmul(shares, heads(x, v!)));
      },
      [shape, shape, shape],
    );
    expect(worst).toBeLessThan(2e-5);
    expect([plain.has("Transpose"), trained.has("Transpose")]).toEqual([true, false]);
    expect([plain.has("FusedMatMul"), trained.has("FusedMatMul")]).toEqual([false, true]);
  });

  it("turns the narrow side of a product and its result instead of the wide side, with the same numbers", async () => {
    const [wide, narrow] = [
      [2, 3, 64, 64],
      [2, 3, 64, 16],
    ];
    const { worst, trained } = await bothWays(
      (x, _, [shares, values]) => x.matmul(x.transposeMatrices(shares!), values!),
      [wide, narrow],
    );
    expect(worst).toBeLessThan(2e-5);
    expect(trained.has("Transpose")).toBe(true);
  });

  it("pools before Relu, with the same numbers where windows hold no positive element", async () => {
    const windows = { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } };
    const { worst } = await bothWays(
      (x, graph, [value]) => graph.op("MaxPool", [x.apply("Relu", value!)], { attributes: windows }),
      [[2, 3, 8, 8]],
    );
    expect(worst).toBe(0);
  });

  it("adds large biases behind their products and exchanges large axes, with the same numbers", async () => {
    const { worst, trained } = await bothWays(
      (x, graph, [value, weights, bias]) =>
        x.transpose(x.reshape(graph.op("Gemm", [value!, weights!, bias!]), [512, 16, 32]), [1, 0, 2]),
      [[512, 8], [8, 512], [512]],
    );
    expect(worst).toBeLessThan(2e-5);
    expect(trained.has("Transpose")).toBe(false);
  });
});
