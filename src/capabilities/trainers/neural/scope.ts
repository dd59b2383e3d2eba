/**
 * How networks are written: as functions of a scope and input values to output values. The scope hands out parameters by
 * hierarchical name. Traced once, such a function lists the parameters it needs; traced again, it is the training loss,
 * the evaluation between steps, or the exported graph: each network exists once.
 */
import type { Expressions } from "../../../engines/onnx/index.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Initializer } from "./initializers.js";

/** `training`: dropout drops, batch norm looks at the batch. `inference`: neither, a row never depends on others. */
export type NetworkMode = "training" | "inference";

export interface ParameterOptions {
  /** Times the weight decay; default 1. Biases, norms and embeddings usually take 0. */
  readonly decayFactor?: number;
  /** Times the learning rate; default 1. */
  readonly rateFactor?: number;
}

/** A named place in a network under construction. */
export interface Scope {
  readonly x: Expressions;
  readonly mode: NetworkMode;
  /** "encoder.0"; "" at the top. */
  readonly path: string;
  /** The place of a part: names inside begin with `path.name`. */
  at(name: string | number): Scope;
  /**
   * A trained float32 tensor. Asked for again under the same name, it is the same tensor: so weights are shared.
   * @throws Error when the shape is another one then
   */
  parameter(
    name: string,
    shape: readonly number[],
    initial: Initializer,
    options?: ParameterOptions,
  ): GraphValue;
  /** A float32 tensor that is not trained but may get a new value in each step of a training: running statistics. */
  statistic(name: string, shape: readonly number[], initial: Initializer): GraphValue;
  /** While training: what the statistic is from the next step on. Gradients do not follow it. */
  update(name: string, next: GraphValue): void;
  /** While training: 0 with probability `rate`, else scaled so that the mean stays (Srivastava et al., 2014). */
  dropout(value: GraphValue, rate: number): GraphValue;
}

/** Values by name. */
export type Values = Readonly<Record<string, GraphValue>>;

/** Anything written with a scope: a network, or a network with its loss. */
export type NetworkFunction<Outputs> = (scope: Scope, inputs: Values) => Outputs;

/** A tensor that a network asks for. */
export interface Declaration extends Required<ParameterOptions> {
  /** Full, hierarchical. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: Initializer;
  readonly isTrained: boolean;
}

/** Where the tensors of a scope come from; what tells one way of tracing from another. */
export interface ScopeBacking {
  readonly x: Expressions;
  readonly mode: NetworkMode;
  tensor(declaration: Declaration): GraphValue;
  update(name: string, next: GraphValue): void;
  dropout(value: GraphValue, rate: number): GraphValue;
}

export function createScope(backing: ScopeBacking, path = ""): Scope {
  const inside = (name: string | number) => (path === "" ? `${name}` : `${path}.${name}`);
  return {
    x: backing.x,
    mode: backing.mode,
    path,
    at: (name) => createScope(backing, inside(name)),
    parameter: (name, shape, initial, { decayFactor = 1, rateFactor = 1 } = {}) =>
      backing.tensor({ name: inside(name), shape, initial, decayFactor, rateFactor, isTrained: true }),
    statistic: (name, shape, initial) =>
      backing.tensor({
        name: inside(name),
        shape,
        initial,
        decayFactor: 0,
        rateFactor: 0,
        isTrained: false,
      }),
    update(name, next) {
      if (backing.mode === "training") backing.update(inside(name), next);
    },
    dropout(value, rate) {
      return backing.mode === "training" && rate > 0 ? backing.dropout(value, rate) : value;
    },
  };
}
