import { sha256 } from "../../foundation/base/hash.js";
import {
  type AttributeValue,
  type Dimension,
  ELEMENT_CODES,
  type ElementType,
  type GraphBuilder,
  type GraphValue,
  type NodeOptions,
  type TensorData,
} from "../../foundation/contracts/graph.js";
import { elementCount } from "../../foundation/contracts/tensor.js";
import { toTensorArray } from "./element-types.js";
import { type GraphNode, RUNTIME_DOMAIN, toNodeProto } from "./graph-node.js";
import { inferContents, MAXIMUM_CONTENTS } from "./operators/contents.js";
import type { OperatorCall, TensorType } from "./operators/operator.js";
import { operatorOf } from "./operators/table.js";
import { encodeMessage } from "./protobuf/codec.js";
import {
  type ModelProto,
  NODE,
  type NodeProto,
  TENSOR,
  type TensorProto,
  type ValueInfoProto,
  writeModel,
} from "./protobuf/messages.js";
import { toTensorProto } from "./tensor-proto.js";

/** IR 10 and opset 21: the newest that the pinned runtimes and those of the two years before all accept. */
export const IR_VERSION = 10;
export const OPSET_VERSION = 21;
/** `ai.onnx.ml` 5 brings TreeEnsemble and drops its predecessors, so a graph uses one or the other. */
export const ML_OPSET_VERSION = 4;
export const ML_OPSET_VERSION_TREE_ENSEMBLE = 5;
const REPLACED_BY_TREE_ENSEMBLE = new Set(["TreeEnsembleClassifier", "TreeEnsembleRegressor"]);

/** Names that begin with this are the builder's own; inputs and outputs cannot collide with them. */
export const INTERNAL_PREFIX = "/";

/** The graph as a value: what was appended can be asked for again, as derivatives and passes do. */
export interface OnnxGraph extends GraphBuilder {
  /** The node that makes the value; `undefined` for inputs and constants. */
  nodeOf(value: GraphValue): GraphNode | undefined;
  /** The result of an op that only the runtime has, for a graph that never leaves this process. */
  runtimeOp(
    type: string,
    inputs: readonly GraphValue[],
    output: TensorType,
    attributes: Readonly<Record<string, AttributeValue>>,
  ): GraphValue;
  /** The elements of a small numeric tensor, numbers or sizes of others, where they are known. */
  contentsOf(value: GraphValue): readonly Dimension[] | undefined;
  /** What was built so far: only nodes that an output needs, every declared input. */
  toModel(): ModelProto;
  /** Equal calls in equal order give equal bytes. */
  toBytes(): Uint8Array;
}

export interface GraphOptions {
  /** The graph's name; also shown by viewers. */
  readonly name: string;
  readonly docString?: string;
  /** The release that wrote it. */
  readonly producerVersion?: string;
  /**
   * Computes an op by other ops, in its place: its outputs, and behind them what else is to be known of it. The graph as a
   * value then has one node with all of them, its model the ops. `undefined`: the op itself.
   */
  readonly elaborate?: (graph: OnnxGraph, call: OpCall) => readonly GraphValue[] | undefined;
  /** The same outputs by other nodes, which the graph then has instead. `undefined`: the op itself. */
  readonly rewrite?: (graph: OnnxGraph, call: OpCall) => readonly GraphValue[] | undefined;
}

export type OpCall = Pick<GraphNode, "type" | "inputs" | "attributes">;

export function createGraph(options: GraphOptions): OnnxGraph {
  return new Builder(options);
}

/** Whether a builder is a graph of this engine, as all are that models are written into; others know no contents. */
export function isOnnxGraph(graph: GraphBuilder): graph is OnnxGraph {
  return graph instanceof Builder;
}

class Builder implements OnnxGraph {
  readonly #options: GraphOptions;
  readonly #inputs = new Map<string, GraphValue>();
  readonly #outputs = new Map<string, GraphValue>();
  readonly #constants = new Map<string, TensorProto>();
  readonly #contents = new Map<string, readonly Dimension[]>();
  readonly #nodes: GraphNode[] = [];
  readonly #producers = new Map<string, GraphNode>();
  readonly #shared = new Map<string, GraphValue[]>();
  #counter = 0;

  constructor(options: GraphOptions) {
    this.#options = options;
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): GraphValue {
    checkPublicName(name);
    if (this.#inputs.has(name)) throw new Error(`The graph has an input ${JSON.stringify(name)} already.`);
    const value: GraphValue = { name, type, shape };
    this.#inputs.set(name, value);
    return value;
  }

  constant(type: ElementType, shape: readonly number[], data: TensorData): GraphValue {
    const array = toTensorArray(type, data);
    const proto = toTensorProto(
      undefined,
      type,
      shape,
      ArrayBuffer.isView(array) ? array.slice() : [...array],
    );
    const key = `constant ${sha256(encodeMessage(TENSOR, proto))}`;
    const known = this.#shared.get(key);
    if (known) return known[0]!;
    const value: GraphValue = { name: this.#name("constant"), type, shape };
    this.#constants.set(value.name, { ...proto, name: value.name });
    if (ArrayBuffer.isView(array) && elementCount(shape) <= MAXIMUM_CONTENTS) {
      this.#contents.set(value.name, Array.from(array as ArrayLike<number | bigint>, Number));
    }
    this.#shared.set(key, [value]);
    return value;
  }

  scalar(value: number, type: ElementType = "float32"): GraphValue {
    return this.constant(type, [], [value]);
  }

  node(
    type: string,
    inputs: readonly (GraphValue | undefined)[],
    { attributes = {}, domain, outputs }: NodeOptions = {},
  ): GraphValue[] {
    const home = domain ?? operatorOf(type)?.domain ?? "";
    const call = { type, domain: home, inputs, attributes };
    const proto = encodeMessage(NODE, toNodeProto({ ...call, outputs: [] }));
    const key = `node ${sha256(proto)} ${outputs ? JSON.stringify(outputs) : ""}`;
    const shared = this.#shared.get(key);
    if (shared) return shared;
    const rewritten = this.#options.rewrite?.(this, call);
    const values = rewritten ? [...rewritten] : (this.#elaborated(call) ?? this.#appended(call, outputs));
    this.#shared.set(key, values);
    return values;
  }

  #appended(call: Omit<GraphNode, "outputs" | "position">, given: NodeOptions["outputs"]): GraphValue[] {
    const outputs = this.#infer(call.type, call.inputs, call.attributes, given);
    const node: GraphNode = { ...call, outputs, position: this.#nodes.length };
    this.#nodes.push(node);
    for (const value of outputs) this.#producers.set(value.name, node);
    return outputs;
  }

  #elaborated(call: Omit<GraphNode, "outputs" | "position">): GraphValue[] | undefined {
    const start = this.#nodes.length;
    const made = this.#options.elaborate?.(this, call);
    if (!made) return undefined;
    // A value that was there before keeps the node that made it.
    const isNew = (value: GraphValue) => (this.#producers.get(value.name)?.position ?? -1) >= start;
    const outputs = made.map((value) => (isNew(value) ? value : this.op("Identity", [value])));
    const node: GraphNode = { ...call, outputs, position: this.#nodes.length - 0.5 };
    for (const value of outputs) this.#producers.set(value.name, node);
    return outputs;
  }

  op(type: string, inputs: readonly (GraphValue | undefined)[], options?: NodeOptions): GraphValue {
    return this.node(type, inputs, options)[0]!;
  }

  runtimeOp(
    type: string,
    inputs: readonly GraphValue[],
    output: TensorType,
    attributes: Readonly<Record<string, AttributeValue>>,
  ): GraphValue {
    return this.#appended({ type, domain: RUNTIME_DOMAIN, inputs, attributes }, [output])[0]!;
  }

  output(name: string, value: GraphValue): void {
    checkPublicName(name);
    if (this.#inputs.has(name) || this.#outputs.has(name)) {
      throw new Error(`The graph uses the name ${JSON.stringify(name)} already.`);
    }
    this.#outputs.set(name, value);
  }

  nodeOf(value: GraphValue): GraphNode | undefined {
    return this.#producers.get(value.name);
  }

  contentsOf(value: GraphValue): readonly Dimension[] | undefined {
    return this.#contents.get(value.name);
  }

  toModel(): ModelProto {
    const { nodes, constants, needed } = this.#needed();
    const renamed = this.#publicNames();
    const rename = (name: string) => renamed.get(name) ?? name;
    const node = nodes.map((made) => toNodeProto({ ...made, outputs: wantedOutputs(made, needed) }, rename));
    for (const [name, value] of this.#outputs) {
      if (renamed.get(value.name) === name) continue;
      node.push({
        opType: "Identity",
        name: `${INTERNAL_PREFIX}${name}`,
        input: [rename(value.name)],
        output: [name],
      });
    }
    const { name, docString, producerVersion } = this.#options;
    return {
      irVersion: IR_VERSION,
      producerName: "quern",
      ...(producerVersion ? { producerVersion } : {}),
      ...(docString ? { docString } : {}),
      graph: {
        name,
        ...(node.length > 0 ? { node } : {}),
        ...(constants.length > 0 ? { initializer: constants } : {}),
        ...(this.#inputs.size > 0
          ? { input: [...this.#inputs.values()].map((value) => valueInfo(value)) }
          : {}),
        ...(this.#outputs.size > 0
          ? { output: [...this.#outputs].map(([output, value]) => valueInfo(value, output)) }
          : {}),
      },
      opsetImport: operatorSets(node),
    };
  }

  toBytes(): Uint8Array {
    return writeModel(this.toModel());
  }

  #name(stem: string): string {
    return `${INTERNAL_PREFIX}${stem}_${this.#counter++}`;
  }

  #infer(
    type: string,
    inputs: readonly (GraphValue | undefined)[],
    attributes: Readonly<Record<string, AttributeValue>>,
    given: NodeOptions["outputs"],
  ): GraphValue[] {
    const operator = operatorOf(type);
    if (!given && !operator) {
      throw new Error(`The operator table has no ${type}; add a rule or give \`outputs\`.`);
    }
    const call: OperatorCall = {
      type,
      inputs,
      attributes,
      contents: (index) => this.#contents.get(inputs[index]?.name ?? ""),
      fresh: (_, term) => term ?? `size_${this.#counter++}`,
    };
    const types: readonly TensorType[] = given ?? operator!.infer(call);
    const values = types.map((output) => ({
      name: this.#name(type),
      type: output.type,
      shape: output.shape,
    }));
    const contents = values[0]?.type === "string" ? undefined : inferContents(call);
    if (contents) this.#contents.set(values[0]!.name, contents);
    return values;
  }

  /** Nodes and constants that some output depends on. */
  #needed(): { nodes: GraphNode[]; constants: TensorProto[]; needed: ReadonlySet<string> } {
    const needed = new Set([...this.#outputs.values()].map((value) => value.name));
    const nodes: GraphNode[] = [];
    for (let index = this.#nodes.length - 1; index >= 0; index--) {
      const node = this.#nodes[index]!;
      if (!node.outputs.some(({ name }) => needed.has(name))) continue;
      nodes.push(node);
      for (const input of node.inputs) if (input) needed.add(input.name);
    }
    const constants = [...this.#constants.values()].filter((tensor) => needed.has(tensor.name ?? ""));
    return { nodes: nodes.reverse(), constants, needed };
  }

  /** A value made by a node takes the name of its first output; other outputs are copies of it. */
  #publicNames(): Map<string, string> {
    const renamed = new Map<string, string>();
    for (const [name, value] of this.#outputs) {
      if (this.#producers.has(value.name) && !renamed.has(value.name)) renamed.set(value.name, name);
    }
    return renamed;
  }
}

/** Without optional outputs at the end that nobody reads: runtimes compute those that are named. */
function wantedOutputs({ type, outputs }: GraphNode, needed: ReadonlySet<string>): readonly GraphValue[] {
  const required = operatorOf(type)?.requiredOutputs ?? outputs.length;
  const last = outputs.findLastIndex((output) => needed.has(output.name));
  return outputs.slice(0, Math.max(required, last + 1));
}

function checkPublicName(name: string): void {
  if (name === "" || name.startsWith(INTERNAL_PREFIX)) {
    throw new Error(`${JSON.stringify(name)} cannot name an input or output of a graph.`);
  }
}

function operatorSets(nodes: readonly NodeProto[]): { domain?: string; version: number }[] {
  const learning = nodes.filter((node) => node.domain === "ai.onnx.ml").map((node) => node.opType ?? "");
  const since = nodes.map(({ opType = "" }) => operatorOf(opType)?.since ?? 0);
  const sets: { domain?: string; version: number }[] = [
    { domain: "", version: since.reduce((newest, version) => Math.max(newest, version), OPSET_VERSION) },
  ];
  if (nodes.some(({ domain }) => domain === RUNTIME_DOMAIN))
    sets.push({ domain: RUNTIME_DOMAIN, version: 1 });
  if (learning.length === 0) return sets;
  const modern = learning.includes("TreeEnsemble");
  if (modern && learning.some((type) => REPLACED_BY_TREE_ENSEMBLE.has(type))) {
    throw new Error("A graph cannot hold TreeEnsemble together with TreeEnsembleClassifier or -Regressor.");
  }
  const version = modern ? ML_OPSET_VERSION_TREE_ENSEMBLE : ML_OPSET_VERSION;
  return [...sets, { domain: "ai.onnx.ml", version }];
}

export function valueInfo({ name, type, shape }: GraphValue, as = name): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return {
    name: as,
    type: { tensorType: { elemType: ELEMENT_CODES[type], shape: dim.length > 0 ? { dim } : {} } },
  };
}
