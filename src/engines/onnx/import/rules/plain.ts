/** Standard ops that mean something else at import: conversions, constants, what only training does. */
import { cast, type ElementType, type TensorData } from "../../../../foundation/contracts/graph.js";
import { malformedModel } from "../limits.js";
import { wrapped } from "../narrow-integers.js";
import { widenedType } from "../tensor-decoding.js";
import { type ImportCall, type ImportRule, inputsOf, integerOf, unsupportedForm, without } from "./rule.js";

/** To a half-precision float: the value stays float32. To a narrow integer: wraps around, as onnxruntime does. */
const convert: ImportRule = (call) => {
  const code = integerOf(call, "to", 0);
  const type = convertible(call, code);
  const value = call.input(0);
  return [{ value: wrapped(call.graph, cast(call.graph, value, type), code), code }];
};

/** Rounding to 8 bits has no float32 form. */
function convertible(call: ImportCall, code: number): ElementType {
  const type = code >= 17 && code <= 20 ? undefined : widenedType(code);
  return type ?? unsupportedForm(call, `makes the element type ${code}`);
}

const convertLike: ImportRule = (call) => {
  const { type } = call.input(1);
  const code = call.code(1);
  if (code !== undefined) convertible(call, code);
  const value = cast(call.graph, call.input(0), type);
  return [code === undefined ? value : { value: wrapped(call.graph, value, code), code }];
};

/** A node that changes nothing leaves nothing; a tensor of the file stays one. */
const identity: ImportRule = (call) => {
  const stored = call.stored(0);
  if (stored) return [stored];
  const code = call.code(0);
  return [code === undefined ? call.input(0) : { value: call.input(0), code }];
};

/** At inference it passes its input on. */
const dropout: ImportRule = (call) => {
  if (call.has(2) && call.numbers(2)?.[0] !== 0) unsupportedForm(call, "is in training mode");
  const value = call.input(0);
  return [value, call.outputCount > 1 ? call.graph.op("Equal", [value, value]) : undefined];
};

const batchNormalization: ImportRule = (call) => {
  if (integerOf(call, "training_mode", 0) === 1) unsupportedForm(call, "is in training mode");
  const attributes = without(
    call.attributes,
    "momentum",
    "spatial",
    "is_test",
    "consumed_inputs",
    "training_mode",
  );
  return [call.graph.op("BatchNormalization", inputsOf(call, 5), { attributes })];
};

/** The remainder has the sign of the divisor; the runtime computes it of whole numbers alone. */
const modulo: ImportRule = (call) => {
  const { x } = call;
  const [left, right] = [call.input(0), call.input(1)];
  const isFloat = left.type === "float32" || left.type === "float64";
  if (!isFloat || integerOf(call, "fmod", 0) === 1) {
    return [call.graph.op("Mod", [left, right], { attributes: call.attributes })];
  }
  const remainder = call.graph.op("Mod", [left, right], { attributes: { fmod: { int: 1 } } });
  const signs = x.mul(x.apply("Sign", remainder), x.apply("Sign", right));
  return [x.where(x.equal(signs, -1), x.add(remainder, right), remainder)];
};

/** Of unsigned bytes alone: wider and signed integers have no kernel in the runtime. */
const bitShift: ImportRule = (call) => {
  if (call.input(0).type !== "uint8") unsupportedForm(call, "shifts other integers than uint8");
  return [call.graph.op("BitShift", [call.input(0), call.input(1)], { attributes: call.attributes })];
};

const CONSTANTS: Readonly<Record<string, { readonly type: ElementType; readonly isList: boolean }>> = {
  value_float: { type: "float32", isList: false },
  value_floats: { type: "float32", isList: true },
  value_int: { type: "int64", isList: false },
  value_ints: { type: "int64", isList: true },
  value_string: { type: "string", isList: false },
  value_strings: { type: "string", isList: true },
};

const constant: ImportRule = (call) => {
  const [[name, value] = ["", undefined]] = Object.entries(call.attributes);
  if (value && "tensor" in value) {
    const { type, shape, data } = value.tensor;
    return [call.graph.constant(type, shape, data)];
  }
  const { type, isList } = CONSTANTS[name] ?? malformedModel("a Constant has no value");
  const data = Object.values(value!)[0] as TensorData | number | bigint | string;
  const list = isList ? (data as TensorData) : ([data] as TensorData);
  return [call.graph.constant(type, isList ? [list.length] : [], list)];
};

/** Each output one part; since operator set 18 their number is given. */
const split: ImportRule = (call) => {
  if (call.has(1))
    return call.graph.node("Split", inputsOf(call, 2), {
      attributes: without(call.attributes, "num_outputs"),
    });
  const parts = { num_outputs: { int: call.outputCount } };
  return call.graph.node("Split", [call.input(0)], { attributes: { ...call.attributes, ...parts } });
};

const eyeLike: ImportRule = (call) => {
  const [value] = [
    call.graph.op("EyeLike", [call.input(0)], { attributes: without(call.attributes, "dtype") }),
  ];
  const code = integerOf(call, "dtype", 0);
  return [
    code === 0
      ? value
      : cast(call.graph, value!, widenedType(code) ?? malformedModel("EyeLike.dtype is unknown")),
  ];
};

export function renamed(type: string, ...dropped: string[]): ImportRule {
  return (call: ImportCall) =>
    call.graph.node(type, inputsOf(call), { attributes: without(call.attributes, ...dropped) });
}

export const PLAIN: Readonly<Record<string, ImportRule>> = {
  Cast: convert,
  CastLike: convertLike,
  Identity: identity,
  Dropout: dropout,
  BatchNormalization: batchNormalization,
  Constant: constant,
  Split: split,
  EyeLike: eyeLike,
  Mod: modulo,
  BitShift: bitShift,
};
