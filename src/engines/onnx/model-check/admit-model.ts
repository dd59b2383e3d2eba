/**
 * The one model loader. Nothing reaches native code but what this module wrote itself, after it has parsed the
 * file with every size checked against its end, and found a graph without cycles, foreign operators, outside
 * data, subgraphs, functions, or values whose size nothing bounds.
 */
import { QuernError } from "../../../foundation/base/errors.js";
import type { Dimension, GraphValue } from "../../../foundation/contracts/graph.js";
import type { TensorPort } from "../../../foundation/contracts/tensor.js";
import { portTypeOf } from "../element-types.js";
import { inferContents, MAXIMUM_CONTENTS } from "../operators/contents.js";
import type { Operator, OperatorCall } from "../operators/operator.js";
import { operatorOf } from "../operators/table.js";
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  readModel,
  type TensorProto,
  type ValueInfoProto,
  writeModel,
} from "../protobuf/messages.js";
import { fromTensorProto } from "../tensor-proto.js";
import { readAttributes } from "./attributes.js";
import { checkKernel } from "./kernels.js";
import { BUNDLE_POLICY, type ModelPolicy, quoted, refuse } from "./policy.js";
import { SizeAccount } from "./sizes.js";
import { checkTensor } from "./tensors.js";

export interface AdmittedModel {
  /** The model as it was understood, written anew. */
  readonly bytes: Uint8Array;
  readonly inputs: readonly TensorPort[];
  readonly outputs: readonly TensorPort[];
  /** Rows whose intermediate values together stay within a moderate amount of memory. */
  readonly comfortableRows: number;
}

const COMFORTABLE_BYTES = 128 * 2 ** 20;

/** @throws QuernError MODEL_REFUSED */
export function admitModel(bytes: Uint8Array, policy: ModelPolicy = BUNDLE_POLICY): AdmittedModel {
  if (bytes.length > policy.fileBytes) refuse(`it has more than ${policy.fileBytes} bytes`);
  const model = readModel(bytes);
  checkHeader(model, policy);
  return new Admission(model, bytes.length, policy).admit();
}

function checkHeader(model: ModelProto, policy: ModelPolicy): void {
  if (model.functions) refuse("it defines functions");
  if (model.trainingInfo) refuse("it holds training steps");
  const seen = new Set<string>();
  for (const { domain: given = "", version = 0 } of model.opsetImport ?? []) {
    const domain = plainDomain(given);
    const known = Object.hasOwn(policy.operatorSets, domain) ? policy.operatorSets[domain] : undefined;
    const [first, last] = known ?? refuse(`it uses the operator set ${quoted(domain)}`);
    if (version < first || version > last)
      refuse(`version ${version} of the operator set ${quoted(domain)} is not supported`);
    if (seen.has(domain)) refuse("it names an operator set twice");
    seen.add(domain);
  }
  if (!seen.has("")) refuse("it names no operator set");
}

const plainDomain = (domain: string | undefined): string => (domain === "ai.onnx" ? "" : (domain ?? ""));

class Admission {
  readonly #model: ModelProto;
  readonly #graph: GraphProto;
  readonly #policy: ModelPolicy;
  readonly #sizes: SizeAccount;
  readonly #values = new Map<string, GraphValue>();
  readonly #contents = new Map<string, readonly Dimension[]>();
  /** Characters that one character of an input, or a constant's text, can have become. */
  readonly #textLength = new Map<string, number>();

  constructor(model: ModelProto, fileBytes: number, policy: ModelPolicy) {
    this.#model = model;
    this.#graph = model.graph ?? refuse("it has no graph");
    this.#policy = policy;
    this.#sizes = new SizeAccount(policy, fileBytes);
  }

  admit(): AdmittedModel {
    const { node = [], initializer = [], input = [], output = [] } = this.#graph;
    const { nodes, initializers } = this.#policy;
    if (node.length > nodes) refuse(`it has more than ${nodes} nodes`);
    if (initializer.length > initializers) refuse(`it has more than ${initializers} constants`);
    if (this.#graph.sparseInitializer) refuse("it holds sparse tensors");
    const inputs = input.map((info) => this.#declare(portOf(info), true));
    for (const tensor of initializer) this.#constant(tensor);
    for (const proto of node) this.#node(proto);
    const outputs = output.map((info) => this.#output(info));
    if (new Set(outputs.map((port) => port.name)).size !== outputs.length) refuse("it gives an output twice");
    if (outputs.length === 0) refuse("it has no outputs");
    return {
      bytes: writeModel(canonical(this.#model)),
      inputs,
      outputs,
      comfortableRows: this.#sizes.comfortableRows(COMFORTABLE_BYTES),
    };
  }

  #declare<Value extends GraphValue>(value: Value, isInput = false): Value {
    if (value.name === "") refuse("a value has no name");
    if (this.#values.has(value.name)) refuse(`the value ${quoted(value.name)} is made twice`);
    this.#values.set(value.name, value);
    if (isInput) this.#sizes.addInput(value, value.name);
    else this.#sizes.add(value, value.name);
    return value;
  }

  #constant(tensor: TensorProto): void {
    const { type, shape } = checkTensor(tensor, this.#policy);
    const { name } = this.#declare({ name: tensor.name ?? "", type, shape });
    if (type === "string") {
      const longest = (tensor.stringData ?? []).reduce((length, text) => Math.max(length, text.length), 0);
      this.#textLength.set(name, longest);
    } else if (shape.reduce((count, size) => count * size, 1) <= MAXIMUM_CONTENTS) {
      const data = fromTensorProto(tensor)!.data as ArrayLike<number | bigint>;
      this.#contents.set(name, Array.from(data, Number));
    }
  }

  #node(node: NodeProto): void {
    const operator = this.#operatorOf(node);
    const inputs = (node.input ?? []).map((name) => {
      if (name === "") return undefined;
      return (
        this.#values.get(name) ?? refuse(`${node.opType} uses ${quoted(name)}, which no node before it makes`)
      );
    });
    const call: OperatorCall = {
      type: node.opType ?? "",
      inputs,
      attributes: readAttributes(node, this.#policy),
      contents: (index) => this.#contents.get(inputs[index]?.name ?? ""),
      fresh: (bound) => this.#sizes.fresh(call, bound),
    };
    const types = fitting(call, () => operator.infer(call));
    fitting(call, () => checkKernel(call, this.#policy));
    const outputs = node.output ?? [];
    if (outputs.length > types.length) refuse(`${node.opType} has too many outputs`);
    const textLength = this.#joinedLength(call);
    for (const [index, name] of outputs.entries()) {
      if (name === "") continue;
      this.#declare({ name, ...types[index]! });
      this.#textLength.set(name, textLength);
    }
    const contents = types[0]?.type === "string" ? undefined : fitting(call, () => inferContents(call));
    if (contents && outputs[0]) this.#contents.set(outputs[0], contents);
  }

  #operatorOf(node: NodeProto): Operator {
    const operator = operatorOf(node.opType ?? "");
    if (!operator || operator.domain !== plainDomain(node.domain) || node.overload) {
      const name = [node.domain, node.opType].filter(Boolean).join(".");
      return refuse(`the operator ${quoted(name)} is not allowed`, { operator: name });
    }
    return operator;
  }

  #joinedLength({ type, inputs }: OperatorCall): number {
    const lengths = inputs.map((input) =>
      input?.type === "string" ? (this.#textLength.get(input.name) ?? 1) : 0,
    );
    const length =
      type === "StringConcat" ? lengths.reduce((sum, part) => sum + part, 0) : Math.max(0, ...lengths);
    if (length > this.#policy.textGrowth && type === "StringConcat") refuse("it joins texts without bound");
    return length;
  }

  #output(info: ValueInfoProto): TensorPort {
    const declared = portOf(info);
    const made =
      this.#values.get(declared.name) ?? refuse(`no node makes the output ${quoted(declared.name)}`);
    if (made.type !== declared.type) refuse(`the output ${quoted(declared.name)} is a ${made.type}`);
    return declared;
  }
}

/** The rules of the operator table throw plain errors where inputs and attributes do not fit. */
function fitting<T>(call: OperatorCall, rule: () => T): T {
  try {
    return rule();
  } catch (cause) {
    if (QuernError.is(cause)) throw cause;
    return refuse(`its shapes do not fit: ${(cause as Error).message}`, { operator: call.type }, cause);
  }
}

/** @throws QuernError MODEL_REFUSED for what is no tensor of a known type with a shape */
export function portOf(info: ValueInfoProto): TensorPort {
  const tensor = info.type?.tensorType;
  const name = quoted(info.name);
  const type =
    portTypeOf(tensor?.elemType) ?? refuse(`the input or output ${name} is no tensor of a known type`);
  const dimensions =
    tensor?.shape?.dim ?? (tensor?.shape ? [] : refuse(`the input or output ${name} has no shape`));
  const shape = dimensions.map(
    ({ dimValue, dimParam }, axis): Dimension => dimValue ?? (dimParam || `?${name}${axis}`),
  );
  return { name: info.name ?? "", type, shape };
}

/** Without what runtimes might act on but a checked model does not need. */
function canonical(model: ModelProto): ModelProto {
  const { metadataProps: _, configuration: __, ...rest } = model;
  const { valueInfo: ___, quantizationAnnotation: ____, ...graph } = model.graph ?? {};
  return { ...rest, graph };
}
