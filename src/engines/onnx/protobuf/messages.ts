/**
 * The messages of ONNX (onnx.proto, IR version 13) as interfaces and as the field tables that the codec uses.
 * Presence follows proto2: an absent field is `undefined`; empty repeated fields are absent.
 */
import {
  type DecodeLimits,
  decodeMessage,
  encodeMessage,
  type MessageTable,
  many,
  manyMessages,
  one,
  oneMessage,
  type TableOf,
} from "./codec.js";

export interface ModelProto {
  irVersion?: number;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: number;
  docString?: string;
  graph?: GraphProto;
  opsetImport?: readonly OperatorSetIdProto[];
  metadataProps?: readonly StringStringEntryProto[];
  trainingInfo?: readonly TrainingInfoProto[];
  functions?: readonly FunctionProto[];
  configuration?: readonly DeviceConfigurationProto[];
}
export interface OperatorSetIdProto {
  domain?: string;
  version?: number;
}
export interface StringStringEntryProto {
  key?: string;
  value?: string;
}
export interface GraphProto {
  node?: readonly NodeProto[];
  name?: string;
  initializer?: readonly TensorProto[];
  docString?: string;
  input?: readonly ValueInfoProto[];
  output?: readonly ValueInfoProto[];
  valueInfo?: readonly ValueInfoProto[];
  quantizationAnnotation?: readonly TensorAnnotation[];
  sparseInitializer?: readonly SparseTensorProto[];
  metadataProps?: readonly StringStringEntryProto[];
}
export interface NodeProto {
  input?: readonly string[];
  output?: readonly string[];
  name?: string;
  opType?: string;
  attribute?: readonly AttributeProto[];
  docString?: string;
  domain?: string;
  overload?: string;
  metadataProps?: readonly StringStringEntryProto[];
  deviceConfigurations?: readonly NodeDeviceConfigurationProto[];
}
export interface AttributeProto {
  name?: string;
  f?: number;
  i?: bigint;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: Float32Array;
  ints?: BigInt64Array;
  strings?: readonly Uint8Array[];
  tensors?: readonly TensorProto[];
  graphs?: readonly GraphProto[];
  docString?: string;
  tp?: TypeProto;
  typeProtos?: readonly TypeProto[];
  type?: number;
  refAttrName?: string;
  sparseTensor?: SparseTensorProto;
  sparseTensors?: readonly SparseTensorProto[];
}
/** AttributeProto.type. */
export const ATTRIBUTE_TYPE = {
  f: 1,
  i: 2,
  s: 3,
  t: 4,
  g: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  tp: 13,
  typeProtos: 14,
} as const;

export interface TensorProto {
  dims?: readonly number[];
  dataType?: number;
  segment?: TensorSegment;
  floatData?: Float32Array;
  int32Data?: Int32Array;
  stringData?: readonly Uint8Array[];
  int64Data?: BigInt64Array;
  name?: string;
  rawData?: Uint8Array;
  doubleData?: Float64Array;
  uint64Data?: BigUint64Array;
  docString?: string;
  externalData?: readonly StringStringEntryProto[];
  /** 0 = in this file, 1 = external. */
  dataLocation?: number;
  metadataProps?: readonly StringStringEntryProto[];
}
export interface TensorSegment {
  begin?: number;
  end?: number;
}
export interface SparseTensorProto {
  values?: TensorProto;
  indices?: TensorProto;
  dims?: readonly number[];
}
export interface ValueInfoProto {
  name?: string;
  type?: TypeProto;
  docString?: string;
  metadataProps?: readonly StringStringEntryProto[];
}
/** One of the types is present. */
export interface TypeProto {
  tensorType?: TensorTypeProto;
  sequenceType?: ElementTypeProto;
  mapType?: MapTypeProto;
  denotation?: string;
  opaqueType?: OpaqueTypeProto;
  sparseTensorType?: TensorTypeProto;
  optionalType?: ElementTypeProto;
}
export interface TensorTypeProto {
  elemType?: number;
  shape?: TensorShapeProto;
}
export interface ElementTypeProto {
  elemType?: TypeProto;
}
export interface MapTypeProto {
  keyType?: number;
  valueType?: TypeProto;
}
export interface OpaqueTypeProto {
  domain?: string;
  name?: string;
}
export interface TensorShapeProto {
  dim?: readonly DimensionProto[];
}
export interface DimensionProto {
  dimValue?: number;
  dimParam?: string;
  denotation?: string;
}
export interface FunctionProto {
  name?: string;
  input?: readonly string[];
  output?: readonly string[];
  attribute?: readonly string[];
  node?: readonly NodeProto[];
  docString?: string;
  opsetImport?: readonly OperatorSetIdProto[];
  domain?: string;
  attributeProto?: readonly AttributeProto[];
  overload?: string;
  valueInfo?: readonly ValueInfoProto[];
  metadataProps?: readonly StringStringEntryProto[];
}
export interface TensorAnnotation {
  tensorName?: string;
  quantParameterTensorNames?: readonly StringStringEntryProto[];
}
export interface TrainingInfoProto {
  initialization?: GraphProto;
  algorithm?: GraphProto;
  initializationBinding?: readonly StringStringEntryProto[];
  updateBinding?: readonly StringStringEntryProto[];
}
export interface DeviceConfigurationProto {
  name?: string;
  numDevices?: number;
  device?: readonly string[];
}
export interface NodeDeviceConfigurationProto {
  configurationId?: string;
  shardingSpec?: readonly ShardingSpecProto[];
  pipelineStage?: number;
}
export interface ShardingSpecProto {
  tensorName?: string;
  device?: BigInt64Array;
  indexToDeviceGroupMap?: readonly IntIntListEntryProto[];
  shardedDim?: readonly ShardedDimProto[];
}
export interface IntIntListEntryProto {
  key?: bigint;
  value?: BigInt64Array;
}
export interface ShardedDimProto {
  axis?: number;
  simpleSharding?: readonly SimpleShardedDimProto[];
}
export interface SimpleShardedDimProto {
  dimValue?: number;
  dimParam?: string;
  numShards?: number;
}

const table = <T>(fields: TableOf<T>): TableOf<T> => fields;
const properties = (number: number) => manyMessages(number, () => ENTRY as MessageTable);

const ENTRY = table<StringStringEntryProto>({ key: one(1, "string"), value: one(2, "string") });
const OPERATOR_SET = table<OperatorSetIdProto>({ domain: one(1, "string"), version: one(2, "integer") });
const SEGMENT = table<TensorSegment>({ begin: one(1, "integer"), end: one(2, "integer") });

export const TENSOR = table<TensorProto>({
  dims: many(1, "integer"),
  dataType: one(2, "integer"),
  segment: oneMessage(3, () => SEGMENT),
  floatData: many(4, "float"),
  int32Data: many(5, "int32"),
  stringData: many(6, "bytes"),
  int64Data: many(7, "int64"),
  name: one(8, "string"),
  rawData: one(9, "bytes"),
  doubleData: many(10, "double"),
  uint64Data: many(11, "uint64"),
  docString: one(12, "string"),
  externalData: properties(13),
  dataLocation: one(14, "integer"),
  metadataProps: properties(16),
});
const SPARSE_TENSOR = table<SparseTensorProto>({
  values: oneMessage(1, () => TENSOR),
  indices: oneMessage(2, () => TENSOR),
  dims: many(3, "integer"),
});
const DIMENSION = table<DimensionProto>({
  dimValue: one(1, "integer"),
  dimParam: one(2, "string"),
  denotation: one(3, "string"),
});
const SHAPE = table<TensorShapeProto>({ dim: manyMessages(1, () => DIMENSION) });
const TENSOR_TYPE = table<TensorTypeProto>({
  elemType: one(1, "integer"),
  shape: oneMessage(2, () => SHAPE),
});
const ELEMENT_TYPE = table<ElementTypeProto>({ elemType: oneMessage(1, () => TYPE) });
const MAP_TYPE = table<MapTypeProto>({ keyType: one(4, "integer"), valueType: oneMessage(5, () => TYPE) });
const OPAQUE_TYPE = table<OpaqueTypeProto>({ domain: one(1, "string"), name: one(2, "string") });
const TYPE: TableOf<TypeProto> = table<TypeProto>({
  tensorType: oneMessage(1, () => TENSOR_TYPE),
  sequenceType: oneMessage(4, () => ELEMENT_TYPE),
  mapType: oneMessage(5, () => MAP_TYPE),
  denotation: one(6, "string"),
  opaqueType: oneMessage(7, () => OPAQUE_TYPE),
  sparseTensorType: oneMessage(8, () => TENSOR_TYPE),
  optionalType: oneMessage(9, () => ELEMENT_TYPE),
});
const VALUE_INFO = table<ValueInfoProto>({
  name: one(1, "string"),
  type: oneMessage(2, () => TYPE),
  docString: one(3, "string"),
  metadataProps: properties(4),
});
export const ATTRIBUTE: TableOf<AttributeProto> = table<AttributeProto>({
  name: one(1, "string"),
  f: one(2, "float"),
  i: one(3, "int64"),
  s: one(4, "bytes"),
  t: oneMessage(5, () => TENSOR),
  g: oneMessage(6, () => GRAPH as MessageTable),
  floats: many(7, "float"),
  ints: many(8, "int64"),
  strings: many(9, "bytes"),
  tensors: manyMessages(10, () => TENSOR),
  graphs: manyMessages(11, () => GRAPH as MessageTable),
  docString: one(13, "string"),
  tp: oneMessage(14, () => TYPE),
  typeProtos: manyMessages(15, () => TYPE),
  type: one(20, "integer"),
  refAttrName: one(21, "string"),
  sparseTensor: oneMessage(22, () => SPARSE_TENSOR),
  sparseTensors: manyMessages(23, () => SPARSE_TENSOR),
});
const INT_LIST_ENTRY = table<IntIntListEntryProto>({ key: one(1, "int64"), value: many(2, "int64") });
const SIMPLE_SHARDED_DIM = table<SimpleShardedDimProto>({
  dimValue: one(1, "integer"),
  dimParam: one(2, "string"),
  numShards: one(3, "integer"),
});
const SHARDED_DIM = table<ShardedDimProto>({
  axis: one(1, "integer"),
  simpleSharding: manyMessages(2, () => SIMPLE_SHARDED_DIM),
});
const SHARDING_SPEC = table<ShardingSpecProto>({
  tensorName: one(1, "string"),
  device: many(2, "int64"),
  indexToDeviceGroupMap: manyMessages(3, () => INT_LIST_ENTRY),
  shardedDim: manyMessages(4, () => SHARDED_DIM),
});
const NODE_DEVICE = table<NodeDeviceConfigurationProto>({
  configurationId: one(1, "string"),
  shardingSpec: manyMessages(2, () => SHARDING_SPEC),
  pipelineStage: one(3, "integer"),
});
export const NODE = table<NodeProto>({
  input: many(1, "string"),
  output: many(2, "string"),
  name: one(3, "string"),
  opType: one(4, "string"),
  attribute: manyMessages(5, () => ATTRIBUTE),
  docString: one(6, "string"),
  domain: one(7, "string"),
  overload: one(8, "string"),
  metadataProps: properties(9),
  deviceConfigurations: manyMessages(10, () => NODE_DEVICE),
});
const ANNOTATION = table<TensorAnnotation>({
  tensorName: one(1, "string"),
  quantParameterTensorNames: properties(2),
});
const GRAPH: TableOf<GraphProto> = table<GraphProto>({
  node: manyMessages(1, () => NODE),
  name: one(2, "string"),
  initializer: manyMessages(5, () => TENSOR),
  docString: one(10, "string"),
  input: manyMessages(11, () => VALUE_INFO),
  output: manyMessages(12, () => VALUE_INFO),
  valueInfo: manyMessages(13, () => VALUE_INFO),
  quantizationAnnotation: manyMessages(14, () => ANNOTATION),
  sparseInitializer: manyMessages(15, () => SPARSE_TENSOR),
  metadataProps: properties(16),
});
const FUNCTION = table<FunctionProto>({
  name: one(1, "string"),
  input: many(4, "string"),
  output: many(5, "string"),
  attribute: many(6, "string"),
  node: manyMessages(7, () => NODE),
  docString: one(8, "string"),
  opsetImport: manyMessages(9, () => OPERATOR_SET),
  domain: one(10, "string"),
  attributeProto: manyMessages(11, () => ATTRIBUTE),
  valueInfo: manyMessages(12, () => VALUE_INFO),
  overload: one(13, "string"),
  metadataProps: properties(14),
});
const TRAINING_INFO = table<TrainingInfoProto>({
  initialization: oneMessage(1, () => GRAPH),
  algorithm: oneMessage(2, () => GRAPH),
  initializationBinding: properties(3),
  updateBinding: properties(4),
});
const DEVICE = table<DeviceConfigurationProto>({
  name: one(1, "string"),
  numDevices: one(2, "integer"),
  device: many(3, "string"),
});
export const MODEL = table<ModelProto>({
  irVersion: one(1, "integer"),
  producerName: one(2, "string"),
  producerVersion: one(3, "string"),
  domain: one(4, "string"),
  modelVersion: one(5, "integer"),
  docString: one(6, "string"),
  graph: oneMessage(7, () => GRAPH),
  opsetImport: manyMessages(8, () => OPERATOR_SET),
  metadataProps: properties(14),
  trainingInfo: manyMessages(20, () => TRAINING_INFO),
  functions: manyMessages(25, () => FUNCTION),
  configuration: manyMessages(26, () => DEVICE),
});

/** @throws QuernError MODEL_REFUSED when the bytes are not a well-formed ModelProto. */
export function readModel(bytes: Uint8Array, limits?: DecodeLimits): ModelProto {
  return decodeMessage(MODEL, bytes, limits);
}

/** Equal models give equal bytes. */
export function writeModel(model: ModelProto): Uint8Array {
  return encodeMessage(MODEL, model);
}
