/** A model as lists that can be changed: nodes in order, stored tensors by name. */

import {
  fromTensorProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  toAttributeProto,
  toTensorProto,
} from "../../engines/onnx/index.js";
import type { AttributeValue, ElementType, TensorData } from "../../foundation/contracts/graph.js";

/** A float32 tensor of the file. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface NodeForm {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export class EditableModel {
  readonly #model: ModelProto;
  readonly #tensors: Map<string, TensorProto>;
  readonly #fixed: ReadonlySet<string>;
  #nodes: readonly NodeProto[];
  #counter = 0;

  constructor(model: ModelProto) {
    this.#model = model;
    const { initializer = [], node = [], input = [], output = [] } = model.graph ?? {};
    this.#tensors = new Map(initializer.map((tensor) => [tensor.name ?? "", tensor]));
    this.#nodes = node;
    this.#fixed = new Set([...input, ...output].map(({ name }) => name ?? ""));
  }

  get nodes(): readonly NodeProto[] {
    return this.#nodes;
  }

  /** `undefined` for what is no float32 tensor of the file, or is an input or output of the graph too. */
  weight(name: string | undefined): Weight | undefined {
    const proto = this.#fixed.has(name ?? "") ? undefined : this.#tensors.get(name ?? "");
    const content = proto && fromTensorProto(proto);
    return content?.type === "float32"
      ? { name: name!, shape: content.shape, data: content.data as Float32Array }
      : undefined;
  }

  consumersOf(name: string): readonly NodeProto[] {
    return this.#nodes.filter(({ input }) => input?.includes(name));
  }

  producerOf(name: string): NodeProto | undefined {
    return this.#nodes.find(({ output }) => output?.includes(name));
  }

  isOutput(name: string): boolean {
    return this.#model.graph?.output?.some((info) => info.name === name) ?? false;
  }

  /** A new stored tensor; returns its name. */
  store(stem: string, type: ElementType, shape: readonly number[], data: TensorData): string {
    const name = this.fresh(stem);
    this.#tensors.set(name, toTensorProto(name, type, shape, data));
    return name;
  }

  /** Other elements, maybe of another shape, under the same name. */
  restore(name: string, shape: readonly number[], data: Float32Array): void {
    this.#tensors.set(name, toTensorProto(name, "float32", shape, data));
  }

  fresh(stem: string): string {
    return `${stem}/shrunk_${this.#counter++}`;
  }

  /** Every node as those that take its place, in order. */
  rewrite(replace: (node: NodeProto) => readonly NodeProto[]): void {
    this.#nodes = this.#nodes.flatMap((node) => replace(node));
  }

  /** With the tensors that are still used; `opset` where the changes need a newer operator set. */
  finish(opset = 0): ModelProto {
    const used = new Set(this.#nodes.flatMap(({ input = [] }) => input));
    const initializer = [...this.#tensors.values()].filter(
      ({ name = "" }) => used.has(name) || this.#fixed.has(name),
    );
    const { valueInfo: _, ...graph } = this.#model.graph ?? {};
    const opsetImport = this.#model.opsetImport?.map(({ domain = "", version = 0 }) =>
      domain === "" || domain === "ai.onnx" ? { version: Math.max(version, opset) } : { domain, version },
    );
    return {
      ...this.#model,
      ...(opsetImport ? { opsetImport } : {}),
      graph: { ...graph, node: this.#nodes, initializer },
    };
  }
}

export function nodeOf({ op, inputs, outputs, attributes = {} }: NodeForm): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => toAttributeProto(name, value));
  return {
    opType: op,
    name: outputs[0]!,
    input: inputs,
    output: outputs,
    ...(attribute.length > 0 ? { attribute } : {}),
  };
}

/** An integer attribute of a node. */
export function integerAttribute({ attribute = [] }: NodeProto, name: string, fallback: number): number {
  const found = attribute.find((given) => given.name === name);
  return found?.i === undefined ? fallback : Number(found.i);
}

export function floatAttribute({ attribute = [] }: NodeProto, name: string, fallback: number): number {
  return attribute.find((given) => given.name === name)?.f ?? fallback;
}
