/** The `ai.onnx.ml` domain (and TfIdfVectorizer, which lives in the main one). */
import type { Dimension } from "../../../foundation/contracts/graph.js";
import { likeInput } from "./elementwise.js";
import {
  fail,
  inputOf,
  integer,
  integers,
  listLength,
  type OperatorCall,
  type OperatorTable,
  operators,
  product,
  type TensorType,
} from "./operator.js";

const ML = "ai.onnx.ml";

function rowsOf(call: OperatorCall): Dimension {
  const { shape } = inputOf(call, 0);
  return shape.length === 2 ? shape[0]! : shape.length === 1 ? 1 : fail(call, "the input must be a matrix");
}

/** Label [N] and scores [N, classes]; labels are named differently by the linear classifier. */
const classifier = (call: OperatorCall): TensorType[] => {
  const texts = listLength(call, "classlabels_strings");
  const numbers = listLength(call, "classlabels_int64s") + listLength(call, "classlabels_ints");
  const rows = rowsOf(call);
  return [
    { type: texts > 0 ? "string" : "int64", shape: [rows] },
    { type: "float32", shape: [rows, texts || numbers || fail(call, "class labels are missing")] },
  ];
};

const regressor =
  (targets: string) =>
  (call: OperatorCall): TensorType[] => [
    { type: "float32", shape: [rowsOf(call), integer(call, targets, 1)] },
  ];

const treeEnsemble = (call: OperatorCall): TensorType[] => [
  { type: inputOf(call, 0).type, shape: [rowsOf(call), integer(call, "n_targets", 1)] },
];

const LABEL_VALUES = { values_strings: "string", values_int64s: "int64", values_floats: "float32" } as const;

const labelEncoder = (call: OperatorCall): TensorType[] => {
  const { shape } = inputOf(call, 0);
  const tensor = call.attributes.values_tensor;
  if (tensor && "tensor" in tensor) return [{ type: tensor.tensor.type, shape }];
  for (const [name, type] of Object.entries(LABEL_VALUES)) {
    if (call.attributes[name]) return [{ type: type as TensorType["type"], shape }];
  }
  return fail(call, "there is no values attribute");
};

const oneHotEncoder = (call: OperatorCall): TensorType[] => {
  const width = listLength(call, "cats_int64s") + listLength(call, "cats_strings");
  return [{ type: "float32", shape: [...inputOf(call, 0).shape, width] }];
};

const tfIdf = (call: OperatorCall): TensorType[] => {
  const positions = integers(call, "ngram_indexes") ?? fail(call, "ngram_indexes is missing");
  const width = positions.reduce((highest, position) => Math.max(highest, position), -1) + 1;
  return [{ type: "float32", shape: [...inputOf(call, 0).shape.slice(0, -1), width] }];
};

const featureVectorizer = (call: OperatorCall): TensorType[] => {
  const widths =
    integers(call, "inputdimensions") ?? call.inputs.map((input) => Number(input?.shape[1] ?? 1));
  return [{ type: "float32", shape: [rowsOf(call), widths.reduce((sum, width) => sum + width, 0)] }];
};

const arrayFeatureExtractor = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  return [
    {
      type,
      shape: [...(shape.length === 1 ? [1] : shape.slice(0, -1)), product(call, inputOf(call, 1).shape)],
    },
  ];
};

const floats = (call: OperatorCall): TensorType[] => [{ type: "float32", shape: inputOf(call, 0).shape }];

const categoryMapper = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  return [{ type: type === "string" ? "int64" : "string", shape }];
};

export const LEARNING = {
  ...operators(ML, "TreeEnsembleClassifier LinearClassifier SVMClassifier", classifier),
  TreeEnsembleRegressor: { domain: ML, infer: regressor("n_targets") },
  LinearRegressor: { domain: ML, infer: regressor("targets") },
  SVMRegressor: { domain: ML, infer: regressor("n_targets") },
  TreeEnsemble: { domain: ML, infer: treeEnsemble },
  LabelEncoder: { domain: ML, infer: labelEncoder },
  OneHotEncoder: { domain: ML, infer: oneHotEncoder },
  ArrayFeatureExtractor: { domain: ML, infer: arrayFeatureExtractor },
  FeatureVectorizer: { domain: ML, infer: featureVectorizer },
  CategoryMapper: { domain: ML, infer: categoryMapper },
  ...operators(ML, "Scaler Normalizer", floats),
  ...operators(ML, "Imputer Binarizer", likeInput),
  TfIdfVectorizer: { domain: "", infer: tfIdf },
} satisfies OperatorTable;
