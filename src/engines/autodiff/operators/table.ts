import type { OperatorType } from "../../onnx/index.js";
import { ATTENTION } from "./attention.js";
import { CONVOLUTIONS } from "./convolutions.js";
import { defineOps, type OpDefinition } from "./definition.js";
import { ELEMENTWISE } from "./elementwise.js";
import { INDEXING } from "./indexing.js";
import { NORMALIZATION } from "./normalization.js";
import { POOLING } from "./pooling.js";
import { PRODUCTS } from "./products.js";
import { RECURRENT } from "./recurrent-layers.js";
import { REDUCTIONS } from "./reductions.js";
import { RESAMPLING } from "./resampling.js";
import { SAMPLING } from "./sampling.js";
import { SHAPES } from "./shapes.js";

const LEARNED = {
  ...defineOps("TreeEnsembleClassifier TreeEnsembleRegressor TreeEnsemble LinearClassifier LinearRegressor", {
    notDifferentiable: "a finished model takes no part in training",
  }),
  ...defineOps("SVMClassifier SVMRegressor Scaler Normalizer Imputer Binarizer FeatureVectorizer", {
    notDifferentiable: "write it with ops of the default domain",
  }),
  ...defineOps("QuantizeLinear DequantizeLinear DynamicQuantizeLinear MatMulInteger ConvInteger", {
    notDifferentiable: "import the model, which makes floats of quantised weights, or train before shrinking",
  }),
  ...defineOps("ArrayFeatureExtractor", { notDifferentiable: "use Gather" }),
  ...defineOps("LabelEncoder OneHotEncoder CategoryMapper TfIdfVectorizer", { piecewiseConstant: true }),
};

/** Every op that graphs may hold; one without a definition is a compile error. */
export const DERIVATIVES: { readonly [Type in OperatorType]: OpDefinition<Type> } = {
  ...ELEMENTWISE,
  ...PRODUCTS,
  ...REDUCTIONS,
  ...NORMALIZATION,
  ...CONVOLUTIONS,
  ...POOLING,
  ...RESAMPLING,
  ...SAMPLING,
  ...RECURRENT,
  ...ATTENTION,
  ...SHAPES,
  ...INDEXING,
  ...LEARNED,
};

export function derivativeOf(type: string): OpDefinition | undefined {
  return Object.hasOwn(DERIVATIVES, type) ? DERIVATIVES[type as OperatorType] : undefined;
}
