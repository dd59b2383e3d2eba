/** Models that must be refused, each by what it attacks. Built on the message level: no builder would make them. */
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
  writeModel,
} from "../../src/engines/onnx/protobuf/messages.js";

const encoder = new TextEncoder();

export const port = (name: string, ...sizes: (number | string)[]): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: 1,
      shape: {
        dim: sizes.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size })),
      },
    },
  },
});
export const ints = (name: string, ...values: number[]): AttributeProto => ({
  name,
  ints: BigInt64Array.from(values, BigInt),
  type: ATTRIBUTE_TYPE.ints,
});
export const int = (name: string, value: number): AttributeProto => ({
  name,
  i: BigInt(value),
  type: ATTRIBUTE_TYPE.i,
});
export const floats = (name: string, ...values: number[]): AttributeProto => ({
  name,
  floats: Float32Array.from(values),
  type: ATTRIBUTE_TYPE.floats,
});
export const strings = (name: string, ...values: string[]): AttributeProto => ({
  name,
  strings: values.map((value) => encoder.encode(value)),
  type: ATTRIBUTE_TYPE.strings,
});
export const int64s = (name: string, ...values: number[]): TensorProto => ({
  name,
  dataType: 7,
  dims: [values.length],
  int64Data: BigInt64Array.from(values, BigInt),
});
const scalar = (name: string): TensorProto => ({ name, dataType: 1, floatData: Float32Array.of(1) });
const text = (name: string): TensorProto => ({ name, dataType: 8, stringData: [encoder.encode("ab")] });
export const node = (opType: string, input: string[], output: string[], more: NodeProto = {}): NodeProto => ({
  opType,
  input,
  output,
  ...more,
});

export function model(graph: GraphProto, more: Partial<ModelProto> = {}): ModelProto {
  return {
    irVersion: 10,
    opsetImport: [
      { domain: "", version: 21 },
      { domain: "ai.onnx.ml", version: 4 },
    ],
    graph: { name: "g", input: [port("x", "N", 2)], output: [port("y", "N", 2)], ...graph },
    ...more,
  };
}

const tree = (
  changes: Partial<Record<string, AttributeProto>> = {},
  more: AttributeProto[] = [],
): GraphProto => {
  const attributes: Record<string, AttributeProto> = {
    treeids: ints("nodes_treeids", 0, 0, 0),
    nodeids: ints("nodes_nodeids", 0, 1, 2),
    features: ints("nodes_featureids", 1, 0, 0),
    modes: strings("nodes_modes", "BRANCH_LEQ", "LEAF", "LEAF"),
    values: floats("nodes_values", 0.5, 0, 0),
    yes: ints("nodes_truenodeids", 1, 0, 0),
    no: ints("nodes_falsenodeids", 2, 0, 0),
    targetTrees: ints("target_treeids", 0, 0),
    targetNodes: ints("target_nodeids", 1, 2),
    targetIds: ints("target_ids", 0, 0),
    weights: floats("target_weights", 1, 2),
    targets: int("n_targets", 1),
    ...changes,
  };
  return {
    node: [
      node("TreeEnsembleRegressor", ["x"], ["y"], {
        domain: "ai.onnx.ml",
        attribute: [...(Object.values(attributes) as AttributeProto[]), ...more],
      }),
    ],
    output: [port("y", "N", 1)],
  };
};

/** A chain of nodes, each working on twice the output before it. */
const doubling = (opType: string, first: string, steps: number, more: NodeProto = {}): NodeProto[] =>
  Array.from({ length: steps }, (_, step) => {
    const from = step === 0 ? first : `v${step - 1}`;
    return node(opType, [from, from], [step === steps - 1 ? "y" : `v${step}`], more);
  });

const axis0 = { attribute: [int("axis", 0)] };
const huge = 2 ** 40;
const only = (...nodes: NodeProto[]): GraphProto => ({ node: nodes, input: [] });

/** Sound: what the fuzz mutates, and proof that the corpus fails for the reason it names. */
export const SOUND: Readonly<Record<string, ModelProto>> = {
  tree: model(tree()),
  elementwise: model({ node: [node("Add", ["x", "c"], ["y"])], initializer: [scalar("c")] }),
  concat: model({
    node: [node("Concat", ["x", "x"], ["y"], { attribute: [int("axis", 1)] })],
    output: [port("y", "N", 4)],
  }),
  expand: model({
    node: [
      node("Shape", ["x"], ["s"]),
      node("Gather", ["s", "zero"], ["n"]),
      node("Concat", ["n", "two"], ["t"], axis0),
      node("Expand", ["c", "t"], ["y"]),
    ],
    initializer: [scalar("c"), int64s("zero", 0), int64s("two", 2)],
  }),
  linear: model({
    node: [
      node("LinearRegressor", ["x"], ["y"], {
        domain: "ai.onnx.ml",
        attribute: [floats("coefficients", 1, 2), floats("intercepts", 3), int("targets", 1)],
      }),
    ],
    output: [port("y", "N", 1)],
  }),
};

export const HOSTILE: Readonly<Record<string, ModelProto>> = {
  "ConstantOfShape that allocates gigabytes": model({
    ...only(node("ConstantOfShape", ["s"], ["y"])),
    initializer: [int64s("s", 100_000, 100_000)],
  }),
  "Expand to gigabytes": model({
    ...only(node("Expand", ["c", "s"], ["y"])),
    initializer: [scalar("c"), int64s("s", huge)],
  }),
  "Expand to a size computed from data": model({
    node: [
      node("Cast", ["x"], ["i"], { attribute: [int("to", 7)] }),
      node("Reshape", ["i", "s"], ["t"]),
      node("Expand", ["c", "t"], ["y"]),
    ],
    initializer: [scalar("c"), int64s("s", 2)],
  }),
  "Tile to gigabytes": model({
    node: [node("Tile", ["x", "s"], ["y"])],
    initializer: [int64s("s", huge, 1)],
  }),
  "Range without end": model({
    ...only(node("Range", ["a", "b", "d"], ["y"])),
    initializer: ["a", "b", "d"].map((name, index) => ({
      name,
      dataType: 7,
      int64Data: BigInt64Array.of([0n, 2n ** 40n, 1n][index]!),
    })),
  }),
  "Pad by gigabytes": model({
    node: [node("Pad", ["x", "s"], ["y"])],
    initializer: [int64s("s", 0, huge, 0, 0)],
  }),
  "OneHot of a billion classes": model({
    node: [node("Cast", ["x"], ["i"], { attribute: [int("to", 7)] }), node("OneHot", ["i", "d", "v"], ["y"])],
    initializer: [int64s("d", 1e9), { name: "v", dataType: 1, dims: [2], floatData: Float32Array.of(0, 1) }],
  }),
  "Concat that doubles forty times": model({ node: doubling("Concat", "x", 40, axis0) }),
  "StringConcat that doubles forty times": model({
    node: doubling("StringConcat", "c", 40),
    input: [],
    initializer: [text("c")],
    output: [{ name: "y", type: { tensorType: { elemType: 8, shape: {} } } }],
  }),
  "an outer product of gigabytes": model({
    ...only(node("MatMul", ["a", "b"], ["y"])),
    initializer: [
      { name: "a", dataType: 1, dims: [60_000, 1], rawData: new Uint8Array(240_000) },
      { name: "b", dataType: 1, dims: [1, 60_000], rawData: new Uint8Array(240_000) },
    ],
  }),
  "an operator that no bundle needs": model({ node: [node("RandomNormal", [], ["y"])] }),
  "an operator of another vendor": model({ node: [node("Add", ["x", "x"], ["y"], { domain: "evil" })] }),
  "an operator set of another vendor": model(
    { node: [node("Add", ["x", "x"], ["y"])] },
    {
      opsetImport: [
        { domain: "", version: 21 },
        { domain: "com.evil", version: 1 },
      ],
    },
  ),
  "an operator set from the future": model(
    { node: [node("Add", ["x", "x"], ["y"])] },
    {
      opsetImport: [{ domain: "", version: 99 }],
    },
  ),
  "a local function": model(
    { node: [node("Add", ["x", "x"], ["y"])] },
    {
      functions: [{ name: "f", domain: "local", input: ["a"], output: ["a"] }],
    },
  ),
  "a chain of 3000 local functions": model(
    { node: [node("f0", ["x"], ["y"], { domain: "local" })] },
    {
      functions: Array.from({ length: 3000 }, (_, index) => ({
        name: `f${index}`,
        domain: "local",
        input: ["a"],
        output: ["b"],
        node: [node(`f${index + 1}`, ["a"], ["b"], { domain: "local" })],
      })),
    },
  ),
  "a subgraph": model({
    node: [
      node("If", ["x"], ["y"], {
        attribute: [{ name: "then_branch", g: { name: "then" }, type: ATTRIBUTE_TYPE.g }],
      }),
    ],
  }),
  "a cycle": model({
    node: [node("Add", ["x", "b"], ["a"]), node("Add", ["a", "x"], ["b"]), node("Add", ["a", "b"], ["y"])],
  }),
  "a value made twice": model({ node: [node("Abs", ["x"], ["y"]), node("Neg", ["x"], ["y"])] }),
  "an input made again": model({ node: [node("Abs", ["x"], ["x"]), node("Neg", ["x"], ["y"])] }),
  "an output that nothing makes": model({ node: [node("Abs", ["x"], ["z"])] }),
  "external data": model({
    node: [node("Add", ["x", "c"], ["y"])],
    initializer: [
      {
        name: "c",
        dataType: 1,
        dims: [2],
        dataLocation: 1,
        externalData: [{ key: "location", value: "../../etc/passwd" }],
      },
    ],
  }),
  "external data without the mark": model({
    node: [node("Add", ["x", "c"], ["y"])],
    initializer: [{ ...scalar("c"), externalData: [{ key: "location", value: "/etc/passwd" }] }],
  }),
  "a constant shorter than its shape": model({
    node: [node("Add", ["x", "c"], ["y"])],
    initializer: [{ name: "c", dataType: 1, dims: [1000, 2], floatData: Float32Array.of(1) }],
  }),
  "a constant with a negative size": model({
    node: [node("Add", ["x", "c"], ["y"])],
    initializer: [{ name: "c", dataType: 1, dims: [-1, -2], rawData: new Uint8Array(8) }],
  }),
  "a constant whose size overflows": model({
    node: [node("Add", ["x", "c"], ["y"])],
    initializer: [{ name: "c", dataType: 1, dims: [2 ** 40, 2 ** 40], rawData: new Uint8Array(8) }],
  }),
  "a tree that walks in a circle": model(tree({ yes: ints("nodes_truenodeids", 0, 0, 0) })),
  "a tree that reads beyond its input": model(tree({ features: ints("nodes_featureids", 1_000_000, 0, 0) })),
  "a tree that writes beyond its output": model(tree({ targetIds: ints("target_ids", 0, 1_000_000) })),
  "a tree with a missing child": model(tree({ no: ints("nodes_falsenodeids", 7, 0, 0) })),
  "a tree of 20,000 levels": model(deepTree(20_000)),
  "too few coefficients": model({
    node: [
      node("LinearRegressor", ["x"], ["y"], {
        domain: "ai.onnx.ml",
        attribute: [floats("coefficients", 1), int("targets", 1)],
      }),
    ],
    output: [port("y", "N", 1)],
  }),
  "support vectors that are not there": model({
    node: [
      node("SVMRegressor", ["x"], ["y"], {
        domain: "ai.onnx.ml",
        attribute: [int("n_supports", 1_000_000), floats("coefficients", 1), floats("rho", 0)],
      }),
    ],
    output: [port("y", "N", 1)],
  }),
  "n-grams that are not there": model({
    node: [
      node("TfIdfVectorizer", ["i"], ["y"], {
        attribute: [
          ints("ngram_counts", 0, 1_000_000),
          ints("ngram_indexes", 0),
          ints("pool_int64s", 1),
          int("min_gram_length", 1),
          int("max_gram_length", 1),
          int("max_skip_count", 0),
          { name: "mode", s: encoder.encode("TF"), type: ATTRIBUTE_TYPE.s },
        ],
      }),
    ],
    input: [
      {
        name: "i",
        type: { tensorType: { elemType: 7, shape: { dim: [{ dimParam: "N" }, { dimValue: 2 }] } } },
      },
    ],
  }),
};

function deepTree(levels: number): GraphProto {
  const count = 2 * levels + 1;
  const ids = Array.from({ length: count }, (_, index) => index);
  const isBranch = (index: number) => index % 2 === 0 && index < 2 * levels;
  return tree({
    treeids: ints("nodes_treeids", ...ids.map(() => 0)),
    nodeids: ints("nodes_nodeids", ...ids),
    features: ints("nodes_featureids", ...ids.map(() => 0)),
    modes: strings("nodes_modes", ...ids.map((id) => (isBranch(id) ? "BRANCH_LEQ" : "LEAF"))),
    values: floats("nodes_values", ...ids.map(() => 0)),
    yes: ints("nodes_truenodeids", ...ids.map((id) => (isBranch(id) ? id + 1 : 0))),
    no: ints("nodes_falsenodeids", ...ids.map((id) => (isBranch(id) ? id + 2 : 0))),
  });
}

/** The smallest file that makes a runtime allocate gigabytes while it loads. */
export const SMALL_BOMB: Uint8Array = writeModel({
  irVersion: 8,
  opsetImport: [{ version: 21 }],
  graph: {
    name: "b",
    node: [node("ConstantOfShape", ["s"], ["y"])],
    initializer: [{ name: "s", dataType: 7, dims: [2], int64Data: BigInt64Array.of(20_000n, 20_000n) }],
    output: [{ name: "y", type: { tensorType: { elemType: 1, shape: { dim: [{}, {}] } } } }],
  },
});
