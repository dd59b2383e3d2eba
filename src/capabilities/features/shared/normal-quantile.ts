/**
 * The standard normal quantile by M. J. Wichura's AS 241, routine PPND7 (1988, Applied Statistics 37), about
 * 7 digits: rational functions of the same few operations in numbers and in the graph.
 */
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { where } from "./emission.js";

/** Coefficients from the highest power down. */
const CENTRAL_ABOVE = [59.10937472, 159.29113202, 50.434271938, 3.3871327179];
const CENTRAL_BELOW = [67.1875636, 78.757757664, 17.895169469, 1];
const TAIL_ABOVE = [0.17023821103, 1.3067284816, 2.75681539, 1.4234372777];
const TAIL_BELOW = [0.12021132975, 0.7370016425, 1];
const CENTRAL_LIMIT = 0.425;

/** Shares closer to 0 and 1 than this count as this close; the result stays within 5.2 of 0. */
export const SMALLEST_SHARE = 1e-7;
const CENTER = 0.180625;
const TAIL_START = 1.6;

/** @param share in [SMALLEST_SHARE, 1 - SMALLEST_SHARE], or NaN */
export function normalQuantile(share: number): number {
  const distance = share - 0.5;
  if (Math.abs(distance) <= CENTRAL_LIMIT) {
    const r = CENTER - distance * distance;
    return (distance * horner(CENTRAL_ABOVE, r)) / horner(CENTRAL_BELOW, r);
  }
  const tail = distance < 0 ? share : 1 - share;
  const r = Math.sqrt(-Math.log(tail)) - TAIL_START;
  return Math.sign(distance) * (horner(TAIL_ABOVE, r) / horner(TAIL_BELOW, r));
}

/** The same on a float64 tensor. */
export function emitNormalQuantile(graph: GraphBuilder, share: GraphValue): GraphValue {
  const scalar = (value: number) => graph.scalar(value, "float64");
  const polynomial = (coefficients: readonly number[], x: GraphValue) =>
    coefficients
      .slice(1)
      .reduce(
        (sum, coefficient) => graph.op("Add", [graph.op("Mul", [sum, x]), scalar(coefficient)]),
        scalar(coefficients[0]!),
      );
  const distance = graph.op("Sub", [share, scalar(0.5)]);
  const near = graph.op("Sub", [scalar(CENTER), graph.op("Mul", [distance, distance])]);
  const central = graph.op("Div", [
    graph.op("Mul", [distance, polynomial(CENTRAL_ABOVE, near)]),
    polynomial(CENTRAL_BELOW, near),
  ]);
  const isLower = graph.op("Less", [distance, scalar(0)]);
  const tail = where(graph, isLower, share, graph.op("Sub", [scalar(1), share]));
  const far = graph.op("Sub", [
    graph.op("Sqrt", [graph.op("Neg", [graph.op("Log", [tail])])]),
    scalar(TAIL_START),
  ]);
  const outer = graph.op("Mul", [
    graph.op("Sign", [distance]),
    graph.op("Div", [polynomial(TAIL_ABOVE, far), polynomial(TAIL_BELOW, far)]),
  ]);
  const isCentral = graph.op("LessOrEqual", [graph.op("Abs", [distance]), scalar(CENTRAL_LIMIT)]);
  return where(graph, isCentral, central, outer);
}

function horner(coefficients: readonly number[], x: number): number {
  let sum = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) sum = sum * x + coefficients[i]!;
  return sum;
}
