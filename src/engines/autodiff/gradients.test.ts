import { describe, expect, it } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import type { GraphValue } from "../../foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../../foundation/contracts/tensor.js";
import { createGraph, Expressions, type OnnxGraph, openBuiltModel } from "../onnx/index.js";
import { gradients } from "./gradients.js";

async function run(graph: OnnxGraph, feeds: Record<string, Tensor>, threads = 1) {
  const session = await openBuiltModel(graph.toModel(), { threads });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}
const floats = (...data: number[]): Tensor => ({
  type: "float32",
  shape: [data.length],
  data: Float32Array.from(data),
});

function scalarGraph(formula: (x: Expressions, value: GraphValue) => GraphValue) {
  const graph = createGraph({ name: "test" });
  const x = new Expressions(graph);
  const value = graph.input("v", "float32", [3]);
  return { graph, x, value, loss: x.sum(formula(x, value)) };
}

describe("gradients", () => {
  it("adds up the uses of a value, also through paths of different length", async () => {
    const { graph, loss, value } = scalarGraph((x, v) => x.add(x.mul(v, x.square(v)), x.mul(v, 2)));
    graph.output("d", gradients(graph, loss, [value])[0]!);
    const { d } = await run(graph, { v: floats(1, 2, -3) });
    expect(Array.from(d!.data as Float32Array)).toEqual([5, 14, 29]);
  });

  it("joins the products of a matrix that is used at every step", () => {
    const graph = createGraph({ name: "test" });
    const x = new Expressions(graph);
    const weight = graph.input("weight", "float32", [3, 3]);
    let state = graph.input("state", "float32", [2, 3]);
    for (let step = 0; step < 5; step++) state = x.apply("Tanh", x.matmul(state, weight));
    graph.output("d", gradients(graph, x.sum(state), [weight])[0]!);
    const nodes = graph.toModel().graph!.node!;
    // One for each step but the first on the way back, and one for the weight.
    expect(nodes.filter(({ opType }) => opType === "Gemm")).toHaveLength(4 + 1);
  });

  it("differentiates with respect to a value inside the graph, and twice", async () => {
    const { graph, loss, value, x } = scalarGraph((y, v) => y.mul(v, y.square(v)));
    const first = gradients(graph, loss, [value])[0]!;
    graph.output("second", gradients(graph, x.sum(first), [value])[0]!);
    const { second } = await run(graph, { v: floats(1, 2, -3) });
    expect(Array.from(second!.data as Float32Array)).toEqual([6, 12, -18]);
  });

  it("works with sizes that are known only when the graph runs", async () => {
    const graph = createGraph({ name: "test" });
    const x = new Expressions(graph);
    const rows = graph.input("rows", "float32", ["N", 2]);
    const weight = graph.input("weight", "float32", [2, 3]);
    const bias = graph.input("bias", "float32", [3]);
    const hidden = x.apply("Tanh", x.add(x.matmul(rows, weight), bias));
    const loss = x.sum(x.mean(x.reshape(hidden, [-1, 1]), [0]));
    for (const [k, d] of gradients(graph, loss, [weight, bias]).entries()) graph.output(`d${k}`, d);
    const feeds = (count: number): Record<string, Tensor> => ({
      rows: { type: "float32", shape: [count, 2], data: new Float32Array(2 * count) },
      weight: { type: "float32", shape: [2, 3], data: new Float32Array(6) },
      bias: floats(0, 0, 0),
    });
    for (const count of [1, 4]) {
      const { d1 } = await run(graph, feeds(count));
      for (const value of d1!.data as Float32Array) expect(value).toBeCloseTo(1 / 3, 6);
    }
  });

  it("appends nothing for paths that no wanted value lies on", () => {
    const graph = createGraph({ name: "test" });
    const x = new Expressions(graph);
    const [a, b] = [graph.input("a", "float32", [2]), graph.input("b", "float32", [2])];
    const loss = x.sum(x.mul(graph.op("Mod", [a, b]), b));
    expect(() => gradients(graph, loss, [a])).toThrow(/Mod has no derivative/);
    const other = x.sum(x.mul(graph.op("Mod", [a, a]), b));
    expect(gradients(graph, other, [b])).toHaveLength(1);
  });

  it("refuses ops without a derivative by name, and values the loss does not depend on", () => {
    const { graph, value, x } = scalarGraph((_, v) => v);
    expect(() => gradients(graph, x.sum(graph.op("Mod", [value, value])), [value])).toThrow(
      expect.objectContaining({
        code: "TRAINING_FAILED",
        details: expect.objectContaining({ operator: "Mod" }),
      }),
    );
    const unrelated = graph.input("u", "float32", [3]);
    expect(() => gradients(graph, x.sum(value), [unrelated])).toThrow(/does not depend on u/);
    expect(() => gradients(graph, x.sum(x.apply("Floor", value)), [value])).toThrow(/does not depend on v/);
    expect(() => gradients(graph, value, [value])).toThrow(/scalar/);
  });

  it("loses no update of equal positions on several threads", async () => {
    const count = 4096;
    const random = createRandom("duplicates");
    const drawn = (size: number, length = count) => Array.from({ length }, () => random.integer(size));
    const uses: Record<string, Scattering> = {
      Gather: { shape: [8, 16], pick: (x, table) => x.gather(table, x.integers(drawn(8))) },
      GatherElements: {
        shape: [8, 16],
        pick: (x, table) => {
          const rows = x.graph.constant("int64", [count, 16], drawn(8, count * 16));
          return x.graph.op("GatherElements", [table, rows], { attributes: { axis: { int: 0 } } });
        },
      },
      GatherND: {
        shape: [4, 4, 8],
        pick: (x, table) =>
          x.graph.op("GatherND", [table, x.graph.constant("int64", [count, 2], drawn(4, 2 * count))]),
      },
      ScatterElements: {
        shape: [count],
        pick: (x, updates) => {
          const attributes = { axis: { int: 0 }, reduction: { string: "add" } };
          const zeros = x.graph.constant("float32", [8], new Float32Array(8));
          const sums = x.graph.op("ScatterElements", [zeros, x.integers(drawn(8)), updates], { attributes });
          return x.square(sums);
        },
      },
      MaxPool: {
        shape: [2, 4, 40, 40],
        pick: (x, pictures) => {
          const window = { kernel_shape: { ints: [9, 9] }, strides: { ints: [1, 1] } };
          return x.graph.op("MaxPool", [pictures], { attributes: window });
        },
      },
      Pad: {
        shape: [64, 3],
        pick: (x, rows) => {
          const pads = x.integers([512, 512]);
          const attributes = { mode: { string: "edge" } };
          return x.graph.op("Pad", [rows, pads, undefined, x.integers([1])], { attributes });
        },
      },
    };
    for (const [name, use] of Object.entries(uses)) {
      const [alone, ...others] = await onThreads(use, [1, 2, 2, 2, 2, 2, 4, 4, 4]);
      for (const result of others) expect(result, name).toEqual(alone);
    }
  });
});

interface Scattering {
  readonly shape: readonly number[];
  pick(x: Expressions, value: GraphValue): GraphValue;
}

/** Derivatives of the sum of what was picked, which are whole numbers, on numbers of threads. */
async function onThreads({ shape, pick }: Scattering, threads: readonly number[]) {
  const graph = createGraph({ name: "test" });
  const x = new Expressions(graph);
  const value = graph.input("v", "float32", shape);
  graph.output("d", gradients(graph, x.sum(pick(x, value)), [value])[0]!);
  const random = createRandom("values");
  const data = Float32Array.from({ length: elementCount(shape) }, () => random.integer(50));
  const results: unknown[] = [];
  for (const each of threads)
    results.push((await run(graph, { v: { type: "float32", shape, data } }, each)).d!.data);
  return results;
}
