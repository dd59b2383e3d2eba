import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { FileTensor } from "./file-tensor.js";
import { malformedModel, quoted } from "./limits.js";

/** What a name of the file stands for; a stored tensor gets a value when a node first uses it as one. */
export interface ScopeEntry {
  value?: GraphValue;
  readonly stored?: FileTensor;
  /** TensorProto.DataType in the file, where it is narrower than the value's type. */
  readonly code?: number;
}

/** Names of a graph; those of a branch hide nothing of the graph around it. */
export class Scope {
  readonly #entries = new Map<string, ScopeEntry>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  get(name: string): ScopeEntry | undefined {
    return this.#entries.get(name) ?? this.#outer?.get(name);
  }

  declare(name: string, entry: ScopeEntry): void {
    if (this.#entries.has(name)) malformedModel(`the value ${quoted(name)} is made twice`);
    this.#entries.set(name, entry);
  }
}
