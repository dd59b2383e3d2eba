/** Recurrent layers, unrolled over the places of a sequence. */
import type { Expressions } from "../../../../engines/onnx/index.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { uniformFor } from "../initializers.js";
import type { Scope } from "../scope.js";
import { lastSize, sizeAt } from "./sizes.js";

export interface RecurrentOptions {
  /** Of the state, in each direction. */
  readonly width: number;
  readonly cell: "lstm" | "gru";
  /** [N, T]: 1 counts, 0 does not. The state passes by what does not count. */
  readonly mask?: GraphValue;
}

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
export function recurrent(
  scope: Scope,
  value: GraphValue,
  options: RecurrentOptions,
  isBackward = false,
): RecurrentOutputs {
  const { x } = scope;
  const [length, inputs] = [sizeAt(value, 1), lastSize(value)];
  const cell =
    options.cell === "lstm" ? lstmCell(scope, inputs, options.width) : gruCell(scope, inputs, options.width);
  const entering = alongTime(x, cell.entering(value), length);
  const masks = options.mask && x.split(options.mask, new Array<number>(length).fill(1), 1);
  const states = new Array<GraphValue>(length);
  let state: CellState | undefined;
  for (let step = 0; step < length; step++) {
    const place = isBackward ? length - 1 - step : step;
    const next = cell.next(entering[place]!, state);
    const mask = masks?.[place];
    states[place] = mask ? x.mul(next.output, mask) : next.output;
    state = mask ? held(x, mask, next, state) : next;
  }
  return {
    states: x.concat(
      states.map((one) => x.unsqueeze(one, [1])),
      1,
    ),
    last: state!.output,
  };
}

/** In both directions (Schuster and Paliwal, 1997), side by side. Parts: `forward`, `backward`. */
export function bidirectional(scope: Scope, value: GraphValue, options: RecurrentOptions): RecurrentOutputs {
  const forward = recurrent(scope.at("forward"), value, options);
  const backward = recurrent(scope.at("backward"), value, options, true);
  return {
    states: scope.x.concat([forward.states, backward.states], -1),
    last: scope.x.concat([forward.last, backward.last], -1),
  };
}

interface CellState {
  /** [N, width]. */
  readonly output: GraphValue;
  /** LSTM only. */
  readonly memory?: GraphValue;
}

interface Cell {
  /** What the gates get from the value, for all places at once: [N, T, G width]. */
  entering(value: GraphValue): GraphValue;
  /** @param state absent: 0 */
  next(entering: GraphValue, state: CellState | undefined): CellState;
}

/** [N, T, width] to T values [N, width]. */
function alongTime(x: Expressions, value: GraphValue, length: number): GraphValue[] {
  const parts = x.split(value, new Array<number>(length).fill(1), 1);
  return parts.map((part) => x.reshape(part, [0, lastSize(value)]));
}

/** The next state where the mask [N, 1] is 1, else the one before. */
function held(x: Expressions, mask: GraphValue, next: CellState, before: CellState | undefined): CellState {
  const choose = (after: GraphValue, old: GraphValue | undefined) =>
    old ? x.add(old, x.mul(x.sub(after, old), mask)) : x.mul(after, mask);
  const output = choose(next.output, before?.output);
  return next.memory ? { output, memory: choose(next.memory, before?.memory) } : { output };
}

function lstmCell(scope: Scope, inputs: number, width: number): Cell {
  const { x } = scope;
  const initial = uniformFor(width);
  const inputWeight = scope.parameter("input-weight", [inputs, 4 * width], initial);
  const hiddenWeight = scope.parameter("hidden-weight", [width, 4 * width], initial);
  const bias = scope.parameter("bias", [4 * width], initial, { decayFactor: 0 });
  return {
    entering: (value) => x.add(x.matmul(value, inputWeight), bias),
    next(entering, state) {
      const sums = state ? x.add(entering, x.matmul(state.output, hiddenWeight)) : entering;
      const [input, forget, fresh, output] = x.split(sums, [width, width, width, width], 1);
      const gate = (value: GraphValue) => x.apply("Sigmoid", value);
      const added = x.mul(gate(input!), x.apply("Tanh", fresh!));
      const memory = state ? x.add(x.mul(gate(forget!), state.memory!), added) : added;
      return { output: x.mul(gate(output!), x.apply("Tanh", memory)), memory };
    },
  };
}

function gruCell(scope: Scope, inputs: number, width: number): Cell {
  const { x } = scope;
  const initial = uniformFor(width);
  const inputWeight = scope.parameter("input-weight", [inputs, 3 * width], initial);
  const hiddenWeight = scope.parameter("hidden-weight", [width, 3 * width], initial);
  const inputBias = scope.parameter("input-bias", [3 * width], initial, { decayFactor: 0 });
  const hiddenBias = scope.parameter("hidden-bias", [3 * width], initial, { decayFactor: 0 });
  return {
    entering: (value) => x.add(x.matmul(value, inputWeight), inputBias),
    next(entering, state) {
      const hidden = state
        ? x.add(x.matmul(state.output, hiddenWeight), hiddenBias)
        : x.reshape(hiddenBias, [1, 3 * width]);
      const parts = (value: GraphValue) => x.split(value, [width, width, width], 1);
      const [[resetIn, updateIn, freshIn], [resetState, updateState, freshState]] = [
        parts(entering),
        parts(hidden),
      ];
      const reset = x.apply("Sigmoid", x.add(resetIn!, resetState!));
      const update = x.apply("Sigmoid", x.add(updateIn!, updateState!));
      const fresh = x.apply("Tanh", x.add(freshIn!, x.mul(reset, freshState!)));
      const kept = x.sub(fresh, x.mul(update, fresh));
      return { output: state ? x.add(kept, x.mul(update, state.output)) : kept };
    },
  };
}
