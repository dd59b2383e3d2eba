import { elementTypeOf } from "../element-types.js";
import {
  broadcast,
  fail,
  inputOf,
  integer,
  type OperatorCall,
  type OperatorTable,
  operators,
  sameType,
  type TensorType,
} from "./operator.js";

const broadcastAll = (call: OperatorCall) =>
  broadcast(
    call,
    call.inputs.map((input) => input?.shape ?? []),
  );

const arithmetic = (call: OperatorCall): TensorType[] => [
  { type: sameType(call), shape: broadcastAll(call) },
];

/** The exponent may have another type. */
const power = (call: OperatorCall): TensorType[] => [
  { type: inputOf(call, 0).type, shape: broadcastAll(call) },
];

const comparison = (call: OperatorCall): TensorType[] => {
  sameType(call);
  return [{ type: "bool", shape: broadcastAll(call) }];
};

const logic = (call: OperatorCall): TensorType[] => {
  if (sameType(call) !== "bool") fail(call, "inputs must be bool");
  return [{ type: "bool", shape: broadcastAll(call) }];
};

/** Type and shape of the first input; further inputs (limits, slopes, axes) do not change them. */
export const likeInput = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  return [{ type, shape }];
};

const predicate = (call: OperatorCall): TensorType[] => [{ type: "bool", shape: inputOf(call, 0).shape }];

const where = (call: OperatorCall): TensorType[] => {
  if (inputOf(call, 0).type !== "bool") fail(call, "the condition must be bool");
  return [{ type: sameType(call, 1), shape: broadcastAll(call) }];
};

const cast = (call: OperatorCall): TensorType[] => {
  const type = elementTypeOf(integer(call, "to", 0)) ?? fail(call, "attribute `to` is unknown");
  return [{ type, shape: inputOf(call, 0).shape }];
};

const castLike = (call: OperatorCall): TensorType[] => [
  { type: inputOf(call, 1).type, shape: inputOf(call, 0).shape },
];

const dropout = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  return [
    { type, shape },
    { type: "bool", shape },
  ];
};

export const ELEMENTWISE = {
  ...operators("", "Add Sub Mul Div Mod Min Max Sum Mean PRelu", arithmetic),
  ...operators("", "BitwiseAnd BitwiseOr BitwiseXor BitShift StringConcat", arithmetic),
  ...operators("", "Equal Less LessOrEqual Greater GreaterOrEqual", comparison),
  ...operators("", "And Or Xor", logic),
  ...operators("", "Not IsNaN IsInf RegexFullMatch", predicate),
  ...operators(
    "",
    "Abs Neg Exp Log Sqrt Floor Ceil Round Sign Reciprocal Identity Clip BitwiseNot",
    likeInput,
  ),
  ...operators("", "Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf", likeInput),
  ...operators("", "Sigmoid Tanh Relu Softplus Softsign LeakyRelu Elu Selu Celu Gelu Mish", likeInput),
  ...operators("", "HardSigmoid HardSwish ThresholdedRelu Shrink", likeInput),
  ...operators("", "Softmax LogSoftmax Hardmax CumSum Trilu LpNormalization", likeInput),
  ...operators("", "InstanceNormalization GroupNormalization MeanVarianceNormalization LRN", likeInput),
  Pow: { domain: "", infer: power },
  Dropout: { domain: "", requiredOutputs: 1, infer: dropout },
  Where: { domain: "", infer: where },
  Cast: { domain: "", infer: cast },
  CastLike: { domain: "", infer: castLike },
} satisfies OperatorTable;
