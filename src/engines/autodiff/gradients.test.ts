import { describe, expect, it } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import type { GraphValue } from "../../foundation/contracts/graph.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
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
    const [size, width, count] = [8, 16, 4096];
    const graph = createGraph({ name: "test" });
    const x = new Expressions(graph);
    const table = graph.input("table", "float32", [size, width]);
    const rows = graph.input("rows", "int64", [count]);
    const loss = x.sum(x.gather(table, rows));
    graph.output("d", gradients(graph, loss, [table])[0]!);
    const random = createRandom("duplicates");
    const drawn = Array.from({ length: count }, () => random.integer(size));
    const feeds: Record<string, Tensor> = {
      table: { type: "float32", shape: [size, width], data: new Float32Array(size * width) },
      rows: { type: "int64", shape: [count], data: BigInt64Array.from(drawn, BigInt) },
    };
    const expected = Float32Array.from({ length: size * width }, (_, k) => {
      return drawn.filter((row) => row === Math.floor(k / width)).length;
    });
    for (let attempt = 0; attempt < 20; attempt++) {
      expect((await run(graph, feeds, 2)).d!.data).toEqual(expected);
    }
  });
});
