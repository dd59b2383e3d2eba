/** Finding a number among ascending knots: binary in numbers, in two levels of comparisons in the graph. */
import { cast, type GraphBuilder, type GraphValue } from "../../../foundation/contracts/graph.js";
import { int64Vector } from "./emission.js";

/** How many of the ascending knots are <= value; 0 for NaN. */
export function countBelow(knots: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = knots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (knots[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * `countBelow` for each column of float64 [N,k] among its own knots: int64 [N,k]. Knots lie in blocks; the
 * first comparison finds the block, the second the place in it, so that memory grows with the root of their
 * number.
 */
export function emitCountBelow(
  graph: GraphBuilder,
  values: GraphValue,
  knots: readonly ArrayLike<number>[],
): GraphValue {
  const columns = knots.length;
  const most = Math.max(1, ...knots.map((own) => own.length));
  const block = Math.ceil(Math.sqrt(most));
  const blocks = Math.ceil(most / block);
  // NaN fills up: no value is above it.
  const table = new Float64Array(columns * blocks * block).fill(Number.NaN);
  for (const [k, own] of knots.entries()) table.set(own, k * blocks * block);
  const firsts = Float64Array.from({ length: columns * blocks }, (_, index) => table[index * block]!);

  const each = graph.op("Unsqueeze", [values, int64Vector(graph, [2])]);
  const countIn = (thresholds: GraphValue) =>
    graph.op(
      "ReduceSum",
      [cast(graph, graph.op("GreaterOrEqual", [each, thresholds]), "int64"), int64Vector(graph, [2])],
      {
        attributes: { keepdims: { int: 0 } },
      },
    );
  const reached = countIn(graph.constant("float64", [1, columns, blocks], firsts));
  const zero = graph.scalar(0, "int64");
  const chosen = graph.op("Max", [graph.op("Sub", [reached, graph.scalar(1, "int64")]), zero]);
  const starts = graph.constant(
    "int64",
    [1, columns],
    BigInt64Array.from({ length: columns }, (_, k) => BigInt(k * blocks)),
  );
  const rows = graph.op("Gather", [
    graph.constant("float64", [columns * blocks, block], table),
    graph.op("Add", [starts, chosen]),
  ]);
  const before = graph.op("Mul", [chosen, graph.scalar(block, "int64")]);
  return graph.op("Add", [before, countIn(rows)]);
}
