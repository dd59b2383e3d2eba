/** Sound models that between them use most operators: what the fuzz of native code mutates. */
import { createGraph } from "../../src/engines/onnx/index.js";
import type { AttributeValue, GraphBuilder, GraphValue } from "../../src/foundation/contracts/graph.js";

const int = (value: number): AttributeValue => ({ int: value });
const ints = (...values: number[]): AttributeValue => ({ ints: values });
const floats = (...values: number[]): AttributeValue => ({ floats: values });
const strings = (...values: string[]): AttributeValue => ({ strings: values });
const list = (graph: GraphBuilder, ...values: number[]) => graph.constant("int64", [values.length], values);

function model(build: (graph: GraphBuilder) => readonly GraphValue[]): Uint8Array {
  const graph = createGraph({ name: "wide" });
  for (const [index, value] of build(graph).entries()) graph.output(`y${index}`, value);
  return graph.toBytes();
}

const shapes = (graph: GraphBuilder): GraphValue[] => {
  const x = graph.input("x", "float32", ["N", 4]);
  const rows = graph.op("Gather", [graph.op("Shape", [x]), list(graph, 0)]);
  const wide = graph.op("Expand", [
    graph.scalar(2),
    graph.op("Concat", [rows, list(graph, 4)], { attributes: { axis: int(0) } }),
  ]);
  const [left, right] = graph.node("Split", [x, list(graph, 1, 3)], { attributes: { axis: int(1) } });
  return [
    graph.op("Slice", [x, list(graph, 1), list(graph, 3), list(graph, 1), list(graph, 1)]),
    graph.op("Transpose", [graph.op("Reshape", [x, list(graph, -1, 2, 2)])], {
      attributes: { perm: ints(0, 2, 1) },
    }),
    ...graph.node("TopK", [x, list(graph, 2)]),
    graph.op("Pad", [x, list(graph, 0, 1, 0, 2)]),
    graph.op("Tile", [left!, list(graph, 1, 3)]),
    graph.op("Concat", [right!, wide], { attributes: { axis: int(1) } }),
    graph.op("GatherElements", [x, graph.op("ArgMax", [x], { attributes: { axis: int(1) } })], {
      attributes: { axis: int(1) },
    }),
    graph.op("ReduceSum", [x, list(graph, 1)]),
    graph.op("CumSum", [x, graph.constant("int64", [], [1])]),
    graph.op("OneHot", [
      graph.op("Cast", [x], { attributes: { to: int(7) } }),
      graph.constant("int64", [], [3]),
      graph.constant("float32", [2], [0, 1]),
    ]),
    graph.op("Where", [graph.op("IsNaN", [x]), wide, x]),
    graph.op("Clip", [x, undefined, graph.scalar(3)]),
  ];
};

const layers = (graph: GraphBuilder): GraphValue[] => {
  const x = graph.input("x", "float32", ["N", 16]);
  const image = graph.op("Reshape", [x, list(graph, -1, 1, 4, 4)]);
  const kernel = graph.constant(
    "float32",
    [2, 1, 3, 3],
    Array.from({ length: 18 }, (_, k) => k / 10),
  );
  const convolved = graph.op("Conv", [image, kernel], { attributes: { pads: ints(1, 1, 1, 1) } });
  const [pooled] = graph.node("MaxPool", [graph.op("Relu", [convolved])], {
    attributes: { kernel_shape: ints(2, 2), strides: ints(2, 2) },
  });
  const flat = graph.op("Flatten", [pooled!]);
  const weights = graph.constant(
    "float32",
    [3, 8],
    Array.from({ length: 24 }, (_, k) => Math.sin(k)),
  );
  const dense = graph.op("Gemm", [flat, weights, graph.constant("float32", [3], [1, 2, 3])], {
    attributes: { transB: int(1) },
  });
  const [normal] = graph.node("LayerNormalization", [dense, graph.constant("float32", [3], [1, 1, 1])]);
  return [
    graph.op("Softmax", [normal!], { attributes: { axis: int(1) } }),
    graph.op("Gelu", [dense]),
    graph.op("GlobalAveragePool", [convolved]),
  ];
};

const texts = (graph: GraphBuilder): GraphValue[] => {
  const s = graph.input("s", "string", ["N", 1]);
  const [words] = graph.node("StringSplit", [s], { attributes: { delimiter: { string: " " } } });
  const grams = graph.op("TfIdfVectorizer", [graph.op("Squeeze", [words!, list(graph, 1)])], {
    attributes: {
      mode: { string: "TFIDF" },
      min_gram_length: int(1),
      max_gram_length: int(2),
      max_skip_count: int(0),
      ngram_counts: ints(0, 2),
      ngram_indexes: ints(0, 1, 2),
      pool_strings: strings("a", "b", "a", "b"),
      weights: floats(1, 2, 3),
    },
  });
  const codes = graph.op("LabelEncoder", [s], {
    attributes: {
      keys_strings: strings("a", "b"),
      values_floats: floats(0, 1),
      default_float: { float: -1 },
    },
  });
  return [
    grams,
    codes,
    graph.op("OneHotEncoder", [s], { attributes: { cats_strings: strings("a", "b"), zeros: int(1) } }),
    graph.op("StringConcat", [s, graph.constant("string", [], ["!"])]),
    graph.op("RegexFullMatch", [s], { attributes: { pattern: { string: "[a-c]+" } } }),
    graph.op("Equal", [s, graph.constant("string", [], ["a"])]),
  ];
};

const learned = (graph: GraphBuilder): GraphValue[] => {
  const x = graph.input("x", "float32", ["N", 2]);
  const tree = {
    nodes_treeids: ints(0, 0, 0, 0, 0, 1),
    nodes_nodeids: ints(0, 1, 2, 3, 4, 0),
    nodes_featureids: ints(0, 1, 0, 0, 0, 0),
    nodes_modes: strings("BRANCH_LEQ", "BRANCH_EQ", "LEAF", "LEAF", "LEAF", "LEAF"),
    nodes_values: floats(0.5, 1, 0, 0, 0, 0),
    nodes_truenodeids: ints(1, 3, 0, 0, 0, 0),
    nodes_falsenodeids: ints(2, 4, 0, 0, 0, 0),
    nodes_missing_value_tracks_true: ints(1, 0, 0, 0, 0, 0),
  };
  const [, classes] = graph.node("TreeEnsembleClassifier", [x], {
    attributes: {
      ...tree,
      class_treeids: ints(0, 0, 0, 1),
      class_nodeids: ints(2, 3, 4, 0),
      class_ids: ints(0, 1, 2, 0),
      class_weights: floats(1, 2, 3, 4),
      classlabels_strings: strings("a", "b", "c"),
      post_transform: { string: "SOFTMAX" },
    },
  });
  const [, linear] = graph.node("LinearClassifier", [x], {
    attributes: {
      coefficients: floats(1, 2, 3, 4, 5, 6),
      intercepts: floats(0, 1, 2),
      classlabels_ints: ints(0, 1, 2),
      multi_class: int(1),
    },
  });
  const [, vectors] = graph.node("SVMClassifier", [x], {
    attributes: {
      classlabels_ints: ints(0, 1),
      coefficients: floats(1, -1),
      kernel_params: floats(0.5, 0, 3),
      kernel_type: { string: "RBF" },
      prob_a: floats(1),
      prob_b: floats(0),
      rho: floats(0.1),
      support_vectors: floats(0, 1, 1, 0),
      vectors_per_class: ints(1, 1),
    },
  });
  return [
    classes!,
    linear!,
    vectors!,
    graph.op("TreeEnsembleRegressor", [x], {
      attributes: {
        ...tree,
        target_treeids: ints(0, 0),
        target_nodeids: ints(3, 4),
        target_ids: ints(0, 1),
        target_weights: floats(1, 2),
        n_targets: int(2),
      },
    }),
    graph.op("SVMRegressor", [x], {
      attributes: {
        coefficients: floats(1, 2),
        kernel_params: floats(0.5, 0, 3),
        kernel_type: { string: "POLY" },
        n_supports: int(2),
        rho: floats(0.1),
        support_vectors: floats(0, 1, 1, 0),
      },
    }),
    graph.op("Scaler", [x], { attributes: { offset: floats(1, 2), scale: floats(3, 4) } }),
    graph.op("Normalizer", [x], { attributes: { norm: { string: "L2" } } }),
    graph.op("Imputer", [x], {
      attributes: { imputed_value_floats: floats(1, 2), replaced_value_float: { float: Number.NaN } },
    }),
    graph.op("ArrayFeatureExtractor", [x, list(graph, 1)]),
  ];
};

const modernTrees = (graph: GraphBuilder): GraphValue[] => {
  const x = graph.input("x", "float32", ["N", 2]);
  const tensor = (type: "float32" | "uint8", data: number[]): AttributeValue => ({
    tensor: { type, shape: [data.length], data },
  });
  return [
    graph.op("TreeEnsemble", [x], {
      attributes: {
        n_targets: int(2),
        tree_roots: ints(0, 2),
        nodes_featureids: ints(0, 1, 0),
        nodes_splits: tensor("float32", [0.5, 0, 1]),
        nodes_modes: tensor("uint8", [0, 6, 4]),
        nodes_truenodeids: ints(1, 0, 2),
        nodes_trueleafs: ints(0, 1, 1),
        nodes_falsenodeids: ints(1, 1, 0),
        nodes_falseleafs: ints(1, 1, 1),
        nodes_missing_value_tracks_true: ints(0, 1, 0),
        leaf_targetids: ints(0, 1, 0),
        leaf_weights: tensor("float32", [1, 2, 3]),
        membership_values: tensor("float32", [1, 3, Number.NaN]),
      },
    }),
  ];
};

export const WIDE: Readonly<Record<string, Uint8Array>> = {
  shapes: model(shapes),
  layers: model(layers),
  texts: model(texts),
  learned: model(learned),
  modernTrees: model(modernTrees),
};
