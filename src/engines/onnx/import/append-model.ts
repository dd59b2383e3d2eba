/** Replays a foreign model through the graph builder: checked, inferred and shared like a graph of our own. */
import { QuernError } from "../../../foundation/base/errors.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { Expressions } from "../expressions.js";
import type { OnnxGraph } from "../graph-builder.js";
import { operatorOf } from "../operators/table.js";
import type { AttributeProto, FunctionProto, NodeProto, TensorProto } from "../protobuf/messages.js";
import type { TensorContent } from "../tensor-proto.js";
import { type NodeAttributes, readNodeAttributes, resolveReferences } from "./attributes.js";
import { FileTensor } from "./file-tensor.js";
import {
  DEFAULT_IMPORT_LIMITS,
  type ImportLimits,
  malformedModel,
  quoted,
  unsupportedModel,
} from "./limits.js";
import { narrowed } from "./narrow-integers.js";
import type { ImportCall, ImportResult } from "./rules/rule.js";
import { ruleOf } from "./rules/table.js";
import { Scope, type ScopeEntry } from "./scope.js";
import { graphOf, inputPorts, type SourceModel } from "./source-model.js";
import { decodeSparseTensor, decodeTensor, tensorHeader } from "./tensor-decoding.js";

export interface ImportOptions {
  /**
   * Makes a value of a float initializer: a constant, a trainable parameter, an input. Called once for each that
   * is used, by its name in the file, with decoded (float32) and dequantised elements. Default: a constant.
   */
  readonly weight?: (name: string, content: TensorContent) => GraphValue;
  readonly limits?: Partial<ImportLimits>;
}

/**
 * Appends a model to a graph: its inputs become the given values, its outputs are returned by name.
 * Half-precision floats become float32; contrib and quantised ops become standard float ops.
 * @param inputs a value for each of `inputPorts(source)`, of its type and rank
 * @throws QuernError MODEL_REFUSED for a broken model, UNSUPPORTED for what has no counterpart, by name
 */
export function appendModel(
  graph: OnnxGraph,
  source: SourceModel,
  inputs: Readonly<Record<string, GraphValue>>,
  options: ImportOptions = {},
): Record<string, GraphValue> {
  return new ModelImport(graph, source, options).run(inputs);
}

/** Where a node stands: what its names mean, and the attributes of the function around it. */
interface Surroundings {
  readonly scope: Scope;
  readonly versions: ReadonlyMap<string, number>;
  readonly outer: ReadonlyMap<string, AttributeProto>;
  readonly depth: number;
}

/** Float inputs that say how an op works; training does not change them. */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  Dropout: [1],
  OneHot: [2],
  Pad: [2],
  Resize: [1, 2],
  Upsample: [1],
};

const plainDomain = (domain: string | undefined): string => (domain === "ai.onnx" ? "" : (domain ?? ""));
const nameOf = (domain: string, type: string | undefined) =>
  domain === "" ? (type ?? "") : `${domain}.${type}`;
/** The newest version whose ops are read; the first is what the oldest exporters in use write. */
const NEWEST_VERSION = 28;

class ModelImport {
  readonly #graph: OnnxGraph;
  readonly #source: SourceModel;
  readonly #options: ImportOptions;
  readonly #limits: ImportLimits;
  readonly #functions = new Map<string, FunctionProto>();
  readonly #x: Expressions;
  /** Values made of initializers, so that each is handed out once. */
  readonly #handedOut = new Map<string, GraphValue>();
  #nodes = 0;

  constructor(graph: OnnxGraph, source: SourceModel, options: ImportOptions) {
    this.#graph = graph;
    this.#source = source;
    this.#options = options;
    this.#limits = { ...DEFAULT_IMPORT_LIMITS, ...options.limits };
    this.#x = new Expressions(graph);
    for (const definition of source.model.functions ?? []) {
      const key = functionKey(definition.domain, definition.name, definition.overload);
      if (this.#functions.has(key))
        malformedModel(`the function ${quoted(definition.name)} is defined twice`);
      this.#functions.set(key, definition);
    }
  }

  run(inputs: Readonly<Record<string, GraphValue>>): Record<string, GraphValue> {
    const { model } = this.#source;
    const graph = graphOf(model);
    const scope = new Scope();
    const codes = new Map(graph.input?.map(({ name, type }) => [name, type?.tensorType?.elemType]));
    for (const port of inputPorts(this.#source)) {
      const value = inputs[port.name];
      if (!value) throw new Error(`The input ${quoted(port.name)} is missing.`);
      if (value.type !== port.type || value.shape.length !== port.shape.length) {
        throw new Error(`The input ${quoted(port.name)} must be ${port.type} of rank ${port.shape.length}.`);
      }
      const code = codes.get(port.name);
      scope.declare(port.name, { value, ...(code === undefined ? {} : { code }) });
    }
    for (const tensor of graph.initializer ?? []) this.#declareTensor(scope, tensor);
    for (const tensor of graph.sparseInitializer ?? []) {
      const { name, ...content } = decodeSparseTensor(tensor, this.#limits);
      const header = { name, isWeight: true, code: 1, type: content.type, shape: content.shape };
      scope.declare(name, { stored: new FileTensor(header, () => content) });
    }
    const versions = operatorVersions(model.opsetImport ?? []);
    this.#append(graph.node ?? [], { scope, versions, outer: new Map(), depth: 0 });
    const outputs: [string, GraphValue][] = (graph.output ?? []).map(({ name = "" }) => [
      name,
      this.#valueOf(scope.get(name) ?? malformedModel(`no node makes the output ${quoted(name)}`)),
    ]);
    if (new Set(outputs.map(([name]) => name)).size !== outputs.length)
      malformedModel("it gives an output twice");
    return Object.fromEntries(outputs);
  }

  #declareTensor(scope: Scope, proto: TensorProto): void {
    const header = tensorHeader(proto, this.#limits);
    if (header.name === "") malformedModel("a tensor has no name");
    const stored = new FileTensor({ ...header, isWeight: true }, () =>
      decodeTensor(proto, this.#limits, this.#source.external),
    );
    scope.declare(header.name, { stored });
  }

  #append(nodes: readonly NodeProto[], surroundings: Surroundings): void {
    if (surroundings.depth > this.#limits.depth)
      malformedModel("functions or branches are nested too deeply");
    for (const node of nodes) {
      if (++this.#nodes > this.#limits.nodes) malformedModel(`it has more than ${this.#limits.nodes} nodes`);
      this.#node(node, surroundings);
    }
  }

  #node(node: NodeProto, surroundings: Surroundings): void {
    const domain = plainDomain(node.domain);
    const settings = Object.hasOwn(SETTINGS, node.opType ?? "") ? SETTINGS[node.opType!]! : [];
    const entries = (node.input ?? []).map((name, index) => {
      const entry = this.#entry(name, node, surroundings.scope);
      return settings.includes(index) && entry?.stored ? { stored: entry.stored.asConstant() } : entry;
    });
    const definition = this.#functions.get(functionKey(node.domain, node.opType, node.overload));
    const results = definition
      ? this.#call(definition, node, entries, surroundings)
      : this.#convert(node, domain, entries, surroundings);
    for (const [index, name] of (node.output ?? []).entries()) {
      if (name === "") continue;
      const entry = results[index];
      if (!entry) {
        unsupportedModel(
          `output ${index} of ${quoted(nameOf(domain, node.opType))} is used`,
          "Export the model for inference, without the outputs that only training needs.",
        );
      }
      surroundings.scope.declare(name, entry!);
    }
  }

  #entry(name: string, { opType }: NodeProto, scope: Scope): ScopeEntry | undefined {
    if (name === "") return undefined;
    return (
      scope.get(name) ??
      malformedModel(`${quoted(opType)} uses ${quoted(name)}, which no node before it makes`)
    );
  }

  /** A function of the model, in place of its call. */
  #call(
    definition: FunctionProto,
    node: NodeProto,
    entries: readonly (ScopeEntry | undefined)[],
    { versions, outer, depth }: Surroundings,
  ): (ScopeEntry | undefined)[] {
    const scope = new Scope();
    const names = definition.input ?? [];
    if (entries.length > names.length)
      malformedModel(`the function ${quoted(definition.name)} gets too many inputs`);
    for (const [index, entry] of entries.entries()) if (entry) scope.declare(names[index]!, entry);
    const defaults = (definition.attributeProto ?? []).map((given) => [given.name ?? "", given] as const);
    const given = resolveReferences(node, outer).map(
      (attribute) => [attribute.name ?? "", attribute] as const,
    );
    const own = operatorVersions(definition.opsetImport ?? []);
    this.#append(definition.node ?? [], {
      scope,
      versions: own.size > 0 ? own : versions,
      outer: new Map([...defaults, ...given]),
      depth: depth + 1,
    });
    return (definition.output ?? []).map((name) => scope.get(name));
  }

  #convert(
    node: NodeProto,
    domain: string,
    entries: readonly (ScopeEntry | undefined)[],
    surroundings: Surroundings,
  ): (ScopeEntry | undefined)[] {
    const version = surroundings.versions.get(domain) ?? 1;
    if (node.opType === "Constant" && domain === "") {
      const stored = this.#storedConstant(node);
      if (stored) return [{ stored }];
    }
    const { limits, external } = { limits: this.#limits, external: this.#source.external };
    const attributes = readNodeAttributes(node, { limits, external, outer: surroundings.outer });
    if (node.opType === "If" && domain === "") return this.#branch(attributes, entries, surroundings);
    const call = this.#callOf(node, { domain, version, entries, attributes: attributes.values });
    try {
      return this.#apply(call, entries, attributes).map((result) => this.#settle(result));
    } catch (cause) {
      if (QuernError.is(cause)) throw cause;
      const name = nameOf(domain, node.opType);
      return malformedModel(`at ${quoted(node.name || name)}: ${(cause as Error).message}`, {
        operator: name,
      });
    }
  }

  #apply(
    call: ImportCall,
    entries: readonly (ScopeEntry | undefined)[],
    { graphs }: NodeAttributes,
  ): readonly ImportResult[] {
    const { type, domain, attributes } = call;
    const rule = ruleOf(domain, type, call.version);
    if (rule) return rule(call);
    const operator = operatorOf(type);
    if (!operator || operator.domain !== domain || Object.keys(graphs).length > 0) {
      const name = nameOf(domain, type);
      return unsupportedModel(
        `the op ${quoted(name)} has no counterpart`,
        "Export the model with standard ops of operator sets 17 to 23, or take this part out of it.",
        { operator: name },
      );
    }
    const inputs = entries.map((entry) => entry && this.#valueOf(entry));
    const values = this.#graph.node(type, inputs, { attributes, domain: operator.domain });
    return values.map((value) => narrowed(this.#graph, type, value, entries.map(codeOf)));
  }

  /** The chosen branch of an If whose condition is known; the other is not looked at. */
  #branch(
    { graphs }: NodeAttributes,
    [condition]: readonly (ScopeEntry | undefined)[],
    surroundings: Surroundings,
  ): (ScopeEntry | undefined)[] {
    const value = condition ? this.#valueOf(condition) : malformedModel("an If has no condition");
    const known = this.#graph.contentsOf(value)?.[0];
    if (typeof known !== "number") {
      return unsupportedModel(
        "an If chooses when the model runs",
        "Export the model by tracing with an example, so that branches are decided.",
        { operator: "If" },
      );
    }
    const branch =
      graphs[known === 0 ? "else_branch" : "then_branch"] ?? malformedModel("an If has no branch");
    const scope = new Scope(surroundings.scope);
    for (const tensor of branch.initializer ?? []) this.#declareTensor(scope, tensor);
    this.#append(branch.node ?? [], { ...surroundings, scope, depth: surroundings.depth + 1 });
    return (branch.output ?? []).map(({ name = "" }) => scope.get(name));
  }

  /** The tensor of a Constant, left in the file until it is used. */
  #storedConstant(node: NodeProto): FileTensor | undefined {
    const [attribute, ...others] = node.attribute ?? [];
    if (attribute?.name !== "value" || !attribute.t || others.length > 0) return undefined;
    const proto = attribute.t;
    const header = { ...tensorHeader(proto, this.#limits), name: node.output?.[0] ?? "", isWeight: false };
    return new FileTensor(header, () => decodeTensor(proto, this.#limits, this.#source.external));
  }

  #callOf(
    node: NodeProto,
    given: {
      readonly domain: string;
      readonly version: number;
      readonly entries: readonly (ScopeEntry | undefined)[];
      readonly attributes: ImportCall["attributes"];
    },
  ): ImportCall {
    const { entries } = given;
    const type = node.opType ?? "";
    const optional = (index: number) => (entries[index] ? this.#valueOf(entries[index]) : undefined);
    const contents = (index: number) => {
      const value = optional(index);
      return value && this.#graph.contentsOf(value);
    };
    return {
      type,
      domain: given.domain,
      version: given.version,
      attributes: given.attributes,
      inputCount: entries.length,
      outputCount: node.output?.length ?? 0,
      graph: this.#graph,
      x: this.#x,
      has: (index) => entries[index] !== undefined,
      input: (index) => optional(index) ?? malformedModel(`${quoted(type)} lacks input ${index}`),
      optional,
      stored: (index) => entries[index]?.stored,
      handOut: (stored) => this.#handOut(stored),
      code: (index) => codeOf(entries[index]),
      contents,
      numbers: (index) => {
        const found = contents(index);
        return found?.every((item) => typeof item === "number") ? (found as number[]) : undefined;
      },
    };
  }

  #valueOf(entry: ScopeEntry): GraphValue {
    if (entry.value) return entry.value;
    const stored = entry.stored!;
    const value = this.#handOut(stored);
    entry.value = value;
    return value;
  }

  #handOut(stored: FileTensor): GraphValue {
    const { weight } = this.#options;
    const isFloat = stored.type === "float32" || stored.type === "float64";
    if (!weight || !stored.isWeight || !isFloat) {
      const { type, shape, data } = stored.content();
      return this.#graph.constant(type, shape, data);
    }
    const key = `${stored.name} ${stored.shape}`;
    const known = this.#handedOut.get(key);
    if (known) return known;
    const value = weight(stored.name, stored.content());
    this.#handedOut.set(key, value);
    return value;
  }

  /** As an entry; whole numbers that are known become constants, so that arithmetic on shapes leaves no nodes. */
  #settle(result: ImportResult): ScopeEntry | undefined {
    if (!result) return undefined;
    if (result instanceof FileTensor) return { stored: result };
    if ("code" in result) return { value: this.#known(result.value), code: result.code };
    return { value: this.#known(result) };
  }

  #known(value: GraphValue): GraphValue {
    if (value.type !== "int64" && value.type !== "int32" && value.type !== "bool") return value;
    const contents = this.#graph.contentsOf(value);
    if (!contents?.every((item) => Number.isSafeInteger(item))) return value;
    if (!this.#graph.nodeOf(value)) return value;
    const shape = value.shape as number[];
    if (elementCount(shape) !== contents.length) return value;
    return this.#graph.constant(value.type, shape, contents as number[]);
  }
}

const functionKey = (domain = "", name = "", overload = "") =>
  JSON.stringify([plainDomain(domain), name, overload]);

const codeOf = (entry: ScopeEntry | undefined): number | undefined => entry?.code ?? entry?.stored?.code;

function operatorVersions(sets: readonly { domain?: string; version?: number }[]): Map<string, number> {
  const versions = new Map<string, number>();
  for (const { domain, version = 1 } of sets) {
    const name = plainDomain(domain);
    if (versions.has(name)) malformedModel("it names an operator set twice");
    if (name === "" && (version < 1 || version > NEWEST_VERSION)) {
      unsupportedModel(
        `it uses version ${version} of the operator set`,
        `Export the model with operator set 17 to 23 (opset_version=21, say).`,
      );
    }
    versions.set(name, version);
  }
  return versions;
}
