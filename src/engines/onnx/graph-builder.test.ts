import { describe, expect, it } from "vitest";
import type { AttributeValue, GraphBuilder, GraphValue } from "../../foundation/contracts/graph.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { createGraph } from "./graph-builder.js";
import { openSession } from "./session.js";

const float = (shape: number[], data: number[]): Tensor => ({
  type: "float32",
  shape,
  data: Float32Array.from(data),
});
const text = (shape: number[], data: string[]): Tensor => ({ type: "string", shape, data });

async function evaluate(
  build: (graph: GraphBuilder) => Record<string, GraphValue>,
  inputs: Record<string, Tensor> = {},
): Promise<Record<string, Tensor>> {
  const graph = createGraph({ name: "test" });
  const outputs = build(graph);
  for (const [name, value] of Object.entries(outputs)) graph.output(name, value);
  const session = await openSession(graph.toBytes(), { threads: 1 });
  try {
    const results = await session.run(inputs);
    for (const [name, value] of Object.entries(outputs)) {
      const tensor = results[name]!;
      expect(tensor.type, name).toBe(value.type);
      expect(tensor.shape.length, `${name} rank`).toBe(value.shape.length);
      for (const [axis, size] of value.shape.entries()) {
        if (typeof size === "number") expect(tensor.shape[axis], `${name} axis ${axis}`).toBe(size);
      }
    }
    return results;
  } finally {
    await session.close();
  }
}

const int = (value: number): AttributeValue => ({ int: value });

describe("graph builder", () => {
  it("computes with broadcasting, constants and casts", async () => {
    const { y } = await evaluate(
      (graph) => {
        const x = graph.input("x", "float32", ["N", 2]);
        const scaled = graph.op("Mul", [x, graph.constant("float32", [2], [10, 100])]);
        const positive = graph.op("Greater", [scaled, graph.scalar(0)]);
        return { y: graph.op("Where", [positive, scaled, graph.scalar(Number.NaN)]) };
      },
      { x: float([2, 2], [1, 2, -3, 4]) },
    );
    expect(Array.from(y!.data as Float32Array)).toEqual([10, 200, Number.NaN, 400]);
  });

  it("shares equal constants and nodes, and leaves out what no output needs", () => {
    const graph = createGraph({ name: "test" });
    const x = graph.input("x", "float32", ["N", 1]);
    const first = graph.op("Add", [x, graph.scalar(1)]);
    const second = graph.op("Add", [x, graph.scalar(1)]);
    expect(second).toBe(first);
    graph.op("Exp", [x]);
    graph.constant("float32", [3], [1, 2, 3]);
    graph.output("y", first);
    const { node, initializer } = graph.toModel().graph!;
    expect(node).toHaveLength(1);
    expect(initializer).toHaveLength(1);
    expect(node![0]!.output).toEqual(["y"]);
  });

  it("tells -0 from 0 and keeps NaN constants apart from numbers", () => {
    const graph = createGraph({ name: "test" });
    expect(graph.scalar(-0)).not.toBe(graph.scalar(0));
    expect(graph.scalar(Number.NaN)).toBe(graph.scalar(Number.NaN));
    expect(graph.constant("int64", [1], [0])).not.toBe(graph.constant("int64", [], [0]));
  });

  it("passes inputs and constants through, and gives one value two public names", async () => {
    const result = await evaluate(
      (graph) => {
        const x = graph.input("x", "string", ["N", 1]);
        const y = graph.op("StringConcat", [x, graph.constant("string", [], ["!"])]);
        return { copy: x, a: y, b: y, fixed: graph.constant("int64", [2], [1, 2]) };
      },
      { x: text([2, 1], ["hé", ""]) },
    );
    expect(result.copy!.data).toEqual(["hé", ""]);
    expect(result.a!.data).toEqual(["hé!", "!"]);
    expect(result.b!.data).toEqual(["hé!", "!"]);
    expect(Array.from(result.fixed!.data as BigInt64Array)).toEqual([1n, 2n]);
  });

  it("names the op and its inputs when they do not fit", () => {
    const graph = createGraph({ name: "test" });
    const x = graph.input("x", "float32", ["N", 2]);
    const y = graph.input("y", "float64", ["N", 2]);
    expect(() => graph.op("Add", [x, y])).toThrow(
      /Add\(float32\[N,2\], float64\[N,2\]\): element types differ/,
    );
    expect(() => graph.op("NoSuchOp", [x])).toThrow(/NoSuchOp/);
    expect(() => graph.op("Concat", [x, graph.scalar(1)], { attributes: { axis: int(1) } })).toThrow(/ranks/);
    expect(() => graph.input("x", "float32", [])).toThrow(/already/);
    expect(() => graph.output("x", x)).toThrow(/already/);
  });

  it("writes equal bytes for equal calls", () => {
    const build = () => {
      const graph = createGraph({ name: "test" });
      const x = graph.input("x", "float32", ["N", 3]);
      graph.output("y", graph.op("Softmax", [x], { attributes: { axis: int(1) } }));
      return graph.toBytes();
    };
    expect(build()).toEqual(build());
  });

  it("answers zero rows", async () => {
    const { y } = await evaluate(
      (graph) => ({ y: graph.op("Exp", [graph.input("x", "float32", ["N", 2])]) }),
      { x: float([0, 2], []) },
    );
    expect(y!.shape).toEqual([0, 2]);
  });

  it("moves and cuts tensors with the sizes it inferred", async () => {
    const sixth = Array.from({ length: 24 }, (_, index) => index);
    const result = await evaluate(
      (graph) => {
        const x = graph.input("x", "float32", ["N", 3, 4]);
        const ints = (...values: number[]) => graph.constant("int64", [values.length], values);
        const cut = graph.op("Slice", [x, ints(1, -1), ints(100, -5), ints(1, 2), ints(1, -2)]);
        const [left, right] = graph.node("Split", [x, ints(1, 3)], { attributes: { axis: int(2) } });
        const [top, places] = graph.node("TopK", [x, ints(2)]);
        return {
          cut,
          flat: graph.op("Reshape", [x, ints(0, -1)]),
          rows: graph.op("Reshape", [x, ints(-1, 4)]),
          turned: graph.op("Transpose", [x], { attributes: { perm: { ints: [2, 0, 1] } } }),
          picked: graph.op("Gather", [x, ints(2, 0)], { attributes: { axis: int(1) } }),
          wide: graph.op("Unsqueeze", [x, ints(0, -1)]),
          left: graph.op("Squeeze", [left!, ints(2)]),
          right: right!,
          top: top!,
          places: places!,
          sum: graph.op("ReduceSum", [x, ints(1)], { attributes: { keepdims: int(0) } }),
          best: graph.op("ArgMax", [x], { attributes: { axis: int(-1), keepdims: int(0) } }),
          joined: graph.op("Concat", [x, x, right!], { attributes: { axis: int(2) } }),
          padded: graph.op("Pad", [x, ints(0, 0, 1, 0, 0, 2)]),
          tiled: graph.op("Tile", [x, ints(1, 2, 1)]),
          expanded: graph.op("Expand", [graph.scalar(1), ints(2, 2)]),
          flattened: graph.op("Flatten", [x]),
        };
      },
      { x: float([2, 3, 4], sixth) },
    );
    expect(Array.from(result.cut!.data as Float32Array)).toEqual([7, 5, 11, 9, 19, 17, 23, 21]);
    expect(result.rows!.shape).toEqual([6, 4]);
  });

  it("runs the learning domain", async () => {
    const result = await evaluate(
      (graph) => {
        const x = graph.input("x", "float32", ["N", 1]);
        const s = graph.input("s", "string", ["N", 1]);
        const tree = {
          nodes_treeids: { ints: [0, 0, 0] },
          nodes_nodeids: { ints: [0, 1, 2] },
          nodes_featureids: { ints: [0, 0, 0] },
          nodes_modes: { strings: ["BRANCH_LEQ", "LEAF", "LEAF"] },
          nodes_values: { floats: [0.5, 0, 0] },
          nodes_truenodeids: { ints: [1, 0, 0] },
          nodes_falsenodeids: { ints: [2, 0, 0] },
        };
        const target = {
          target_treeids: { ints: [0, 0] },
          target_nodeids: { ints: [1, 2] },
          target_ids: { ints: [0, 0] },
          target_weights: { floats: [0.25, 0.75] },
        };
        const codes = graph.op("LabelEncoder", [s], {
          attributes: {
            keys_strings: { strings: ["a", "b"] },
            values_floats: { floats: [0, 1] },
            default_float: { float: Number.NaN },
          },
        });
        const [label, scores] = graph.node("LinearClassifier", [x], {
          attributes: {
            coefficients: { floats: [1, -1] },
            intercepts: { floats: [0, 0] },
            classlabels_strings: { strings: ["yes", "no"] },
            post_transform: { string: "SOFTMAX" },
          },
        });
        return {
          codes,
          onehot: graph.op("OneHotEncoder", [s], {
            attributes: { cats_strings: { strings: ["a", "b"] }, zeros: int(1) },
          }),
          tree: graph.op("TreeEnsembleRegressor", [x], {
            attributes: { ...tree, ...target, n_targets: int(1), post_transform: { string: "NONE" } },
          }),
          scaled: graph.op("Scaler", [x], {
            attributes: { offset: { floats: [1] }, scale: { floats: [2] } },
          }),
          label: label!,
          scores: scores!,
        };
      },
      { x: float([3, 1], [0, 1, 2]), s: text([3, 1], ["b", "zzz", ""]) },
    );
    expect(Array.from(result.codes!.data as Float32Array)).toEqual([1, Number.NaN, Number.NaN]);
    expect(Array.from(result.tree!.data as Float32Array)).toEqual([0.25, 0.75, 0.75]);
    expect(result.label!.data).toEqual(["yes", "yes", "yes"]);
  });
});
