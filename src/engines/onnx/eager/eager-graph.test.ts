import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { Expressions } from "../expressions.js";
import { createGraph } from "../graph-builder.js";
import { openSession } from "../session.js";
import { EagerGraph } from "./eager-graph.js";

const random = createRandom("eager");
const normals = (...shape: number[]) => ({
  shape,
  data: Float32Array.from({ length: elementCount(shape) }, () => random.normal()),
});
type Formula = (x: Expressions, a: GraphValue, b: GraphValue) => GraphValue;

async function gap(a: ReturnType<typeof normals>, b: ReturnType<typeof normals>, formula: Formula) {
  const eager = new EagerGraph();
  const make = (graph: GraphBuilder) =>
    formula(
      new Expressions(graph),
      graph.constant("float32", a.shape, a.data),
      graph.constant("float32", b.shape, b.data),
    );
  const computed = make(eager);
  const graph = createGraph({ name: "test" });
  graph.output("y", make(graph));
  const session = await openSession(graph.toBytes(), { threads: 1 });
  const { y } = await session.run({});
  await session.close();
  expect(computed.shape).toEqual(y!.shape);
  const expected = y!.data as Float32Array;
  return Math.max(...Array.from(eager.dataOf(computed), (value, k) => Math.abs(value - expected[k]!)));
}

describe("eager graph", () => {
  const shapes = [
    [normals(4, 3), normals(4, 3)],
    [normals(4, 3), normals(3)],
    [normals(2, 1, 3), normals(4, 1)],
    [normals(), normals(2, 3)],
  ] as const;
  it.each(["Add", "Sub", "Mul", "Div"])("computes %s in every direction of broadcasting", async (op) => {
    for (const [a, b] of shapes)
      expect(await gap(a, b, (x, p, q) => x.graph.op(op, [p, q]))).toBeLessThan(1e-6);
  });

  it.each(["Neg", "Sin", "Cos", "Tanh", "Relu", "Sigmoid", "Selu"])("computes %s", async (op) => {
    expect(await gap(normals(5, 7), normals(), (x, a) => x.apply(op, a))).toBeLessThan(1e-6);
  });

  it("computes products of matrices and of batches of them", async () => {
    for (const [a, b] of [
      [normals(5, 7), normals(7, 3)],
      [normals(2, 5, 7), normals(7, 3)],
      [normals(5, 7), normals(2, 7, 3)],
      [normals(2, 1, 5, 7), normals(3, 7, 4)],
    ] as const) {
      expect(await gap(a, b, (x, p, q) => x.matmul(p, q))).toBeLessThan(5e-6);
    }
  });

  it("computes what moves elements", async () => {
    const moved: Formula = (x, a, b) => {
      const joined = x.concat([x.transpose(a, [2, 0, 1]), x.unsqueeze(b, [0])], 0);
      return x.reshape(x.gather(joined, x.integers([1, -1, 0]), 2), [3, -1]);
    };
    expect(await gap(normals(2, 4, 3), normals(2, 4), moved)).toBe(0);
  });

  it("computes softmax and means along any axis", async () => {
    const axis = (value: number) => ({ attributes: { axis: { int: value } } });
    for (const at of [0, 1, -1]) {
      const formula: Formula = (x, a) => x.mean(x.graph.op("Softmax", [a], axis(at)), [at]);
      expect(await gap(normals(3, 4, 2), normals(), formula)).toBeLessThan(1e-7);
    }
  });

  it("refuses ops it does not have", () => {
    const graph = new EagerGraph();
    expect(() => graph.op("Conv", [])).toThrow(/Conv cannot/);
  });
});
