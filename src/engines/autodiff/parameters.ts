/** The tensors that a training changes, and how they lie in memory. */
import type { GraphBuilder, GraphValue } from "../../foundation/contracts/graph.js";
import { elementCount } from "../../foundation/contracts/tensor.js";
import { Expressions, type Operand } from "../onnx/index.js";

export interface ParameterSpecification {
  readonly name: string;
  readonly shape: readonly number[];
  /** At the beginning; row-major. As a function: read when the training begins and not kept, for large weights. */
  readonly values: Float32Array | (() => Float32Array);
  /** Times the weight decay; default 1. */
  readonly decayFactor?: number;
  /** Times the learning rate; default 1. */
  readonly rateFactor?: number;
  /**
   * `trained` (default): moved along its gradient. `statistic`: replaced by what the step says, or kept.
   * `frozen`: keeps the values that it has when the training opens; costs neither gradient nor optimizer.
   */
  readonly role?: ParameterRole;
}

type ParameterForm = Omit<ParameterSpecification, "values">;

export type ParameterRole = "trained" | "statistic" | "frozen";

/** Tensors of fewer elements share one storage: an update costs nodes for each storage, and small nodes are dear. */
const OWN_STORAGE_ELEMENTS = 2 ** 18;

export interface ParameterPlace {
  readonly name: string;
  readonly shape: readonly number[];
  readonly storage: number;
  readonly start: number;
  readonly end: number;
}

export interface Storage {
  readonly name: string;
  readonly role: ParameterRole;
  /** Without their first values, so that those can be given back. */
  readonly members: readonly ParameterForm[];
  readonly shape: readonly number[];
  readonly size: number;
}

const PACKED_NAMES: Readonly<Record<ParameterRole, string>> = {
  trained: "parameters",
  statistic: "statistics",
  frozen: "frozen",
};

/** Small tensors of one role end to end in one vector, large ones by themselves. */
function storagesOf(role: ParameterRole, all: readonly ParameterSpecification[], packs: boolean): Storage[] {
  const parameters = all
    .filter((parameter) => (parameter.role ?? "trained") === role)
    .map(({ values: _, ...form }): ParameterForm => form);
  const isLarge = ({ shape }: ParameterForm) => !packs || elementCount(shape) >= OWN_STORAGE_ELEMENTS;
  const small = parameters.filter((parameter) => !isLarge(parameter));
  const size = small.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const own = parameters.filter(isLarge).map((parameter) => {
    const { name, shape } = parameter;
    return { name: `parameter:${name}`, role, members: [parameter], shape, size: elementCount(shape) };
  });
  const packed =
    small.length > 0 ? [{ name: PACKED_NAMES[role], role, members: small, shape: [size], size }] : [];
  return [...packed, ...own];
}

export class ParameterLayout {
  readonly storages: readonly Storage[];

  /** @param packs false: every tensor has a storage of its own */
  constructor(parameters: readonly ParameterSpecification[], packs = true) {
    this.storages = (["trained", "statistic", "frozen"] as const).flatMap((role) =>
      storagesOf(role, parameters, packs),
    );
  }

  /** Declares the storages as inputs of a graph; the parameters are views of them. */
  declare(graph: GraphBuilder): { storages: GraphValue[]; parameters: ReadonlyMap<string, GraphValue> } {
    const x = new Expressions(graph);
    const parameters = new Map<string, GraphValue>();
    const storages = this.storages.map(({ name, members, shape }) => {
      const storage = graph.input(name, "float32", shape);
      const sizes = members.map((member) => elementCount(member.shape));
      const parts = x.split(storage, sizes, 0);
      for (const [index, member] of members.entries()) {
        const part = parts[index]!;
        parameters.set(member.name, shape === member.shape ? part : x.reshape(part, member.shape));
      }
      return storage;
    });
    return { storages, parameters };
  }

  /** One number for the storage where its members agree, else one for each element. */
  factors(storage: Storage, of: "decayFactor" | "rateFactor"): number | Float32Array {
    const factors = storage.members.map((member) => member[of] ?? 1);
    if (factors.every((factor) => factor === factors[0])) return factors[0]!;
    const values = new Float32Array(storage.size);
    forEachMember(storage, (_, start, end, index) => values.fill(factors[index]!, start, end));
    return values;
  }

  /** The same as a part of a graph. */
  factor(graph: GraphBuilder, storage: Storage, of: "decayFactor" | "rateFactor"): Operand {
    const factors = this.factors(storage, of);
    return typeof factors === "number" ? factors : graph.constant("float32", storage.shape, factors);
  }

  /** Where each parameter lies: elements `start` to `end` of the storage of that number. */
  places(): ParameterPlace[] {
    return this.storages.flatMap((storage, index) => {
      const places: ParameterPlace[] = [];
      forEachMember(storage, ({ name, shape }, start, end) =>
        places.push({ name, shape, storage: index, start, end }),
      );
      return places;
    });
  }

  /** Names and shapes of the parameters. */
  shapes(): [string, readonly number[]][] {
    return this.storages.flatMap(({ members }) =>
      members.map(({ name, shape }): [string, readonly number[]] => [name, shape]),
    );
  }

  /** What the storages hold at the beginning, from the parameters that the layout was made for. */
  initial(parameters: readonly ParameterSpecification[]): Float32Array[] {
    const valuesOf = new Map(parameters.map(({ name, values }) => [name, values]));
    return this.storages.map((storage) => {
      const contents = new Float32Array(storage.size);
      forEachMember(storage, ({ name }, start) => {
        const values = valuesOf.get(name)!;
        contents.set(typeof values === "function" ? values() : values, start);
      });
      return contents;
    });
  }

  /** Copies of the parameters in given contents of the storages. */
  read(contents: readonly Float32Array[]): Map<string, Float32Array> {
    const result = new Map<string, Float32Array>();
    for (const [k, storage] of this.storages.entries()) {
      forEachMember(storage, ({ name }, start, end) => result.set(name, contents[k]!.slice(start, end)));
    }
    return result;
  }
}

function forEachMember(
  { members }: Storage,
  visit: (member: ParameterForm, start: number, end: number, index: number) => void,
): void {
  let start = 0;
  for (const [index, member] of members.entries()) {
    const end = start + elementCount(member.shape);
    visit(member, start, end, index);
    start = end;
  }
}
