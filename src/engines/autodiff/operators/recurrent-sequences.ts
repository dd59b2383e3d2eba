/** Directions and lengths of recurrent layers, as the standard has them. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { type OpUse, textAttribute } from "./definition.js";

/** Places of the inputs. */
export const RECURRENT_INPUTS = {
  weight: 1,
  stateWeight: 2,
  bias: 3,
  lengths: 4,
  firstState: 5,
  firstCell: 6,
  peepholes: 7,
} as const;

/** Whether the direction reads from the end. */
export function isTurned({ node }: OpUse, direction: number): boolean {
  return direction === 1 || textAttribute(node, "direction", "forward") === "reverse";
}

/** [T, N, ...] with time running forward, or back again: each sequence within its own length where lengths are given. */
export function ordered(use: OpUse, value: GraphValue, turned: boolean): GraphValue {
  if (!turned) return value;
  const { graph, x, node } = use;
  const lengths = node.inputs[RECURRENT_INPUTS.lengths];
  if (!lengths) {
    const [start, end] = [x.integers([-1]), x.integers([-(2 ** 31)])];
    return graph.op("Slice", [value, start, end, x.integers([0]), x.integers([-1])]);
  }
  const attributes = { time_axis: { int: 0 }, batch_axis: { int: 1 } };
  const whole = graph.op("Cast", [lengths], { attributes: { to: { int: 7 } } });
  return graph.op("ReverseSequence", [value, whole], { attributes });
}

/** One direction of [directions, ...]. What was stacked by the graph is not cut again. */
export function taken(use: Pick<OpUse, "graph" | "x">, value: GraphValue, direction: number): GraphValue {
  const { graph, x } = use;
  const node = graph.nodeOf(value);
  const isFirstAxis = (index: number) =>
    node?.inputs[index] && graph.contentsOf(node.inputs[index])?.[0] === 0;
  if (node?.type === "Unsqueeze" && isFirstAxis(1) && value.shape[0] === 1) return node.inputs[0]!;
  if (node?.type === "Concat" && node.inputs.length === value.shape[0]) {
    const part = node.inputs[direction]!;
    if (part.shape[0] === 1 && part.shape.length > 1) return taken(use, part, 0);
  }
  return x.gather(value, graph.scalar(direction, "int64"));
}

/**
 * A matrix transposed in memory. The runtime makes a plain transposition a part of every product that reads it, and then
 * turns the matrix anew in every step of a sequence; behind a third dimension it sees none.
 */
export function turned({ graph, x }: Pick<OpUse, "graph" | "x">, matrix: GraphValue): GraphValue {
  const node = graph.nodeOf(matrix);
  if (node?.type === "Transpose") return node.inputs[0]!;
  const axis = x.integers([0]);
  return graph.op("Squeeze", [x.transpose(graph.op("Unsqueeze", [matrix, axis]), [0, 2, 1]), axis]);
}

/** The matrix itself; where it is a transposition, one in memory. */
export function laid(use: Pick<OpUse, "graph" | "x">, matrix: GraphValue): GraphValue {
  const node = use.graph.nodeOf(matrix);
  return node?.type === "Transpose" ? turned(use, node.inputs[0]!) : matrix;
}

/** Float32 zeros. */
export function zeroStates({ graph, x, input }: OpUse, shape: readonly number[]): GraphValue {
  const zero = { tensor: { type: input.type, shape: [1], data: [0] } };
  return graph.op("ConstantOfShape", [x.integers(shape)], { attributes: { value: zero } });
}

interface LastingPlaces {
  /** 1 while a sequence lasts, then 0: [T, N, 1]. */
  readonly lasts: GraphValue;
  /** 1 where so many steps are the whole sequence, else 0: [T + 1, N, 1]. */
  readonly isEnd: GraphValue;
}

/** `undefined`: all sequences are as long as the input. */
export function lastingPlaces({ graph, x, node, input }: OpUse, steps: number): LastingPlaces | undefined {
  const given = node.inputs[RECURRENT_INPUTS.lengths];
  if (!given) return undefined;
  const lengths = x.reshape(given, [1, -1, 1]);
  const times = (count: number) =>
    graph.constant(
      "int32",
      [count, 1, 1],
      Array.from({ length: count }, (_, step) => step),
    );
  return {
    lasts: x.indicator(x.greater(lengths, times(steps)), input),
    isEnd: x.indicator(x.equal(lengths, times(steps + 1)), input),
  };
}
