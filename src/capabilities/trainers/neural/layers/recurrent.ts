/** Recurrent layers, by the ops of the standard. */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { uniformFor } from "../initializers.js";
import type { Scope } from "../scope.js";
import { lastSize } from "./sizes.js";

export interface RecurrentOptions {
  /** Of the state, in each direction. */
  readonly width: number;
  readonly cell: RecurrentCell;
  /** Int32 [N], 0 to T: how many places count, from the first one on; absent: all. */
  readonly lengths?: GraphValue;
  /**
   * GRU: what the reset gate scales. `after`: the state's part of the candidate, as PyTorch and cuDNN have it (default);
   * `before`: the state that goes into it, as in the paper.
   */
  readonly reset?: "before" | "after";
}

export type RecurrentCell = "lstm" | "gru";

export interface RecurrentOutputs {
  /** [N, T, width], or [N, T, 2 width] of both directions; 0 at places that do not count. */
  readonly states: GraphValue;
  /** [N, width] or [N, 2 width]: the state behind the last place that counts; backwards, behind the first. */
  readonly last: GraphValue;
}

/**
 * LSTM (Hochreiter and Schmidhuber, 1997) or GRU (Cho et al., 2014) over [N, T, in], as PyTorch computes them. Parameters:
 * `input-weight` [in, G width], `hidden-weight` [width, G width], with gates in PyTorch's order (LSTM: in, forget, cell,
 * out; GRU: reset, update, new); LSTM `bias` [4 width], GRU `input-bias` and `hidden-bias` [3 width].
 */
export function recurrent(scope: Scope, value: GraphValue, options: RecurrentOptions): RecurrentOutputs {
  return layer(scope, value, options, [scope]);
}

/** In both directions (Schuster and Paliwal, 1997), side by side. Parts: `forward`, `backward`. */
export function bidirectional(scope: Scope, value: GraphValue, options: RecurrentOptions): RecurrentOutputs {
  return layer(scope, value, options, [scope.at("forward"), scope.at("backward")]);
}

/** @param directions the first forwards, the second backwards */
function layer(
  { x }: Scope,
  value: GraphValue,
  { width, cell, lengths, reset = "after" }: RecurrentOptions,
  directions: readonly Scope[],
): RecurrentOutputs {
  const inputs = lastSize(value);
  const packed = directions.map((scope) => packedWeights(scope, inputs, width, cell));
  const stacked = (part: keyof PackedWeights) =>
    x.concat(
      packed.map((weights) => x.unsqueeze(weights[part], [0])),
      0,
    );
  const weights = [stacked("input"), stacked("hidden"), stacked("bias")];
  const attributes = {
    hidden_size: { int: width },
    direction: { string: directions.length === 2 ? "bidirectional" : "forward" },
    ...(cell === "gru" ? { linear_before_reset: { int: reset === "after" ? 1 : 0 } } : {}),
  };
  const byTime = x.transpose(value, [1, 0, 2]);
  const [states, last] = x.graph.node(cell === "lstm" ? "LSTM" : "GRU", [byTime, ...weights, lengths], {
    attributes,
  });
  const joined = directions.length * width;
  return {
    states: x.reshape(x.transpose(states!, [2, 0, 1, 3]), [0, 0, joined]),
    last: x.reshape(x.transpose(last!, [1, 0, 2]), [0, joined]),
  };
}

/** Of one direction, as the standard wants them: [G width, in], [G width, width], [2 G width]. */
interface PackedWeights {
  readonly input: GraphValue;
  readonly hidden: GraphValue;
  readonly bias: GraphValue;
}

/** Places of the standard's gates among the parameters'. LSTM: in, out, forget, cell; GRU: update, reset, new. */
const GATES = { lstm: [0, 3, 1, 2], gru: [1, 0, 2] } as const;

function packedWeights(scope: Scope, inputs: number, width: number, cell: RecurrentCell): PackedWeights {
  const { x } = scope;
  const gates = GATES[cell];
  const size = gates.length * width;
  const ordered = (value: GraphValue, axis: number) => {
    const parts = x.split(value, new Array<number>(gates.length).fill(width), axis);
    return x.concat(
      gates.map((gate) => parts[gate]!),
      axis,
    );
  };
  const matrix = (name: string, rows: number) =>
    x.transpose(ordered(scope.parameter(name, [rows, size], uniformFor(width)), 1), [1, 0]);
  const vector = (name: string) =>
    ordered(scope.parameter(name, [size], uniformFor(width), { decayFactor: 0 }), 0);
  const [input, hidden] = [matrix("input-weight", inputs), matrix("hidden-weight", width)];
  // The two biases of an LSTM's gate are only ever added.
  const biases =
    cell === "lstm"
      ? [vector("bias"), x.graph.constant("float32", [size], new Float32Array(size))]
      : [vector("input-bias"), vector("hidden-bias")];
  return { input, hidden, bias: x.concat(biases, 0) };
}
