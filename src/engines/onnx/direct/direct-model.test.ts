import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { cast, splitMatrix } from "../../../foundation/contracts/graph.js";
import { predictionDistance } from "../../../foundation/contracts/prediction.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { createGraph } from "../graph-builder.js";
import { openSession } from "../session.js";
import { compileDirect } from "./direct-model.js";

const WIDTH = 3;
type Emit = (graph: GraphBuilder, x: GraphValue, text: GraphValue) => GraphValue;

/** A chain of category tests, missing values on either side, two targets in one leaf. */
const trees: Emit = (graph, x) =>
  graph.op("TreeEnsembleRegressor", [x], {
    domain: "ai.onnx.ml",
    attributes: {
      n_targets: { int: 2 },
      aggregate_function: { string: "SUM" },
      post_transform: { string: "NONE" },
      base_values: { floats: [0.5, -0.25] },
      nodes_treeids: { ints: [0, 0, 0, 0, 1, 1, 1, 1] },
      nodes_nodeids: { ints: [0, 1, 2, 3, 0, 1, 2, 3] },
      nodes_featureids: { ints: [0, 1, 0, 0, 2, 2, 0, 0] },
      nodes_modes: {
        strings: ["BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_EQ", "BRANCH_EQ", "LEAF", "LEAF"],
      },
      nodes_values: { floats: [0.25, -1, 0, 0, 1, 2, 0, 0] },
      nodes_truenodeids: { ints: [2, 2, 0, 0, 3, 3, 0, 0] },
      nodes_falsenodeids: { ints: [1, 3, 0, 0, 1, 2, 0, 0] },
      nodes_missing_value_tracks_true: { ints: [1, 0, 0, 0, 1, 0, 0, 0] },
      target_treeids: { ints: [0, 0, 0, 0, 1, 1] },
      target_nodeids: { ints: [2, 2, 3, 3, 2, 3] },
      target_ids: { ints: [0, 1, 0, 1, 1, 0] },
      target_weights: { floats: [1.5, -0.75, 0.125, 2, 3, -2] },
    },
    outputs: [{ type: "float32", shape: ["N", 2] }],
  });

const unary = (...ops: string[]): Record<string, Emit> =>
  Object.fromEntries(ops.map((op) => [op, (graph, x) => graph.op(op, [x])]));
const withRow = (...ops: string[]): Record<string, Emit> =>
  Object.fromEntries(
    ops.map((op) => [
      op,
      (graph, x) => graph.op(op, [x, graph.constant("float32", [1, WIDTH], [0.5, -2, 1])]),
    ]),
  );
const compared = (...ops: string[]): Record<string, Emit> =>
  Object.fromEntries(
    ops.map((op) => [op, (graph, x) => cast(graph, graph.op(op, [x, graph.scalar(1)]), "float32")]),
  );
const matrix = (graph: GraphBuilder) => graph.constant("float32", [WIDTH, 2], [1, -2, 0.5, 3, -1, 0.25]);
const axis = (value: number) => ({ attributes: { axis: { int: value } } });

const EMITTERS: Record<string, Emit> = {
  ...unary("Abs", "Neg", "Exp", "Sqrt", "Sign", "Floor", "Ceil", "Round", "Sin", "Cos", "Tanh", "Relu"),
  ...unary("Sigmoid", "Selu", "Softplus", "Reciprocal", "Identity", "Log"),
  ...withRow("Add", "Sub", "Mul", "Div", "Min", "Max", "Sum"),
  ...compared("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"),
  trees,
  IsNaN: (graph, x) => cast(graph, graph.op("Not", [graph.op("IsNaN", [x])]), "float32"),
  Where: (graph, x) => graph.op("Where", [graph.op("IsNaN", [x]), graph.scalar(-3), x]),
  Clip: (graph, x) => graph.op("Clip", [x, graph.scalar(-1), graph.scalar(1)]),
  MatMul: (graph, x) => graph.op("MatMul", [x, matrix(graph)]),
  Gemm: (graph, x) => graph.op("Gemm", [x, matrix(graph), graph.constant("float32", [2], [1, 2])]),
  Softmax: (graph, x) => graph.op("Softmax", [x], axis(1)),
  ArgMax: (graph, x) => cast(graph, graph.op("ArgMax", [x], axis(1)), "float32"),
  ReduceSum: (graph, x) => graph.op("ReduceSum", [x, graph.constant("int64", [1], [1])]),
  Split: (graph, x) => {
    const [a, b] = splitMatrix(graph, x, [1, 2]);
    return graph.op("Concat", [b!, a!, x], axis(1));
  },
  Gather: (graph, x) => graph.op("Gather", [x, graph.constant("int64", [2], [2, 0])], axis(1)),
  Transpose: (graph, x) => {
    const cube = graph.op("Reshape", [
      graph.op("Concat", [x, graph.op("Neg", [x])], axis(1)),
      graph.constant("int64", [3], [-1, 2, WIDTH]),
    ]);
    const turned = graph.op("Transpose", [cube], { attributes: { perm: { ints: [0, 2, 1] } } });
    const joined = graph.op("Concat", [turned, turned], axis(2));
    return graph.op("Reshape", [joined, graph.constant("int64", [2], [-1, 4 * WIDTH])]);
  },
  LabelEncoder: (graph, _x, text) =>
    graph.op("LabelEncoder", [text], {
      attributes: {
        keys_strings: { strings: ["a", "b"] },
        values_floats: { floats: [1, 2] },
        default_float: { float: Number.NaN },
      },
    }),
  OneHotEncoder: (graph, _x, text) =>
    graph.op("Squeeze", [
      graph.op("OneHotEncoder", [text], { attributes: { cats_strings: { strings: ["b", "", "a"] } } }),
      graph.constant("int64", [1], [1]),
    ]),
};

function modelOf(emit: Emit): Uint8Array {
  const graph = createGraph({ name: "test" });
  const x = graph.input("x", "float32", ["N", WIDTH]);
  const text = graph.input("text", "string", ["N", 1]);
  graph.output("y", emit(graph, x, text));
  return graph.toBytes();
}

const number = fc.oneof(
  fc.float({ min: -4, max: 4, noNaN: true }),
  fc.constantFrom(Number.NaN, 0, 1, 2, -0.5, 0.5, 1.5, 2.5),
);
const rowsOfInputs = fc.array(fc.tuple(number, number, number, fc.constantFrom("a", "b", "", "other")), {
  minLength: 1,
  maxLength: 5,
});

function feeds(rows: readonly (readonly [number, number, number, string])[]): Record<string, Tensor> {
  const numbers = rows.flatMap((row) => row.slice(0, WIDTH) as number[]);
  return {
    x: { type: "float32", shape: [rows.length, WIDTH], data: Float32Array.from(numbers) },
    text: { type: "string", shape: [rows.length, 1], data: rows.map(([, , , text]) => text) },
  };
}

describe("what is computed directly is what the runtime computes", () => {
  it.each(Object.keys(EMITTERS))("%s", async (op) => {
    const bytes = modelOf(EMITTERS[op]!);
    const session = await openSession(bytes, { threads: 1 });
    const direct = compileDirect(bytes)!;
    await fc.assert(
      fc.asyncProperty(rowsOfInputs, async (rows) => {
        const expected = (await session.run(feeds(rows))).y!;
        const actual = direct.run(feeds(rows), ["y"]).y!;
        expect(actual.shape).toEqual(expected.shape);
        for (const [k, value] of (actual.data as Float32Array).entries()) {
          expect(predictionDistance(value, (expected.data as Float32Array)[k]!)).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 30, seed: 1 },
    );
    await session.close();
  });

  it("computes whole numbers exactly, up to 2^53 and for the mark of a missing time", async () => {
    const graph = createGraph({ name: "test" });
    const x = graph.input("x", "int64", ["N", 1]);
    const day = graph.scalar(86_400_000, "int64");
    const rest = graph.op("Mod", [x, day]);
    const isMissing = graph.op("Equal", [x, graph.constant("int64", [], BigInt64Array.of(-(2n ** 63n)))]);
    const days = graph.op("Div", [graph.op("Sub", [x, rest]), day]);
    graph.output("days", graph.op("Where", [isMissing, graph.scalar(0, "int64"), days]));
    graph.output("quotient", graph.op("Where", [isMissing, x, graph.op("Div", [x, day])]));
    graph.output("rest", rest);
    const bytes = graph.toBytes();
    const session = await openSession(bytes, { threads: 1 });
    const direct = compileDirect(bytes)!;
    expect(direct.takesWholeNumbers).toBe(true);
    const whole = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n });
    const edge = fc.constantFrom(0n, -1n, 86_400_000n, -86_400_000n, 2n ** 53n, -(2n ** 53n), -(2n ** 63n));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(whole, edge), { minLength: 1, maxLength: 50 }), async (values) => {
        const feed = {
          x: { type: "int64", shape: [values.length, 1], data: BigInt64Array.from(values) },
        } as const;
        const names = ["days", "quotient", "rest"];
        const expected = await session.run(feed, names);
        const actual = direct.run(feed, names);
        for (const name of names) expect(actual[name]!.data).toEqual(expected[name]!.data);
      }),
    );
    await session.close();
  });

  it("leaves to the runtime what it does not know", () => {
    expect(compileDirect(modelOf((builder, x) => builder.op("Erf", [x])))).toBeUndefined();
  });
});
