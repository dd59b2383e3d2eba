/** Values in another order of axes: products that read them as they lie, and rows that are gathered. */
import type { Dimension, GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { Expressions, isStatic, type OnnxGraph } from "../../onnx/index.js";
import { integersAttribute, type KeepingForward, type OpUse, type Rewrite } from "./definition.js";

/** Whether an order of axes exchanges the last two of at least three. */
const turnsMatrices = (order: readonly number[]): boolean =>
  order.length > 2 &&
  order.every((axis, at) => axis === (at < order.length - 2 ? at : 2 * order.length - 3 - at));

function orderOf({ node, input }: Pick<OpUse, "node" | "input">): readonly number[] {
  const last = input.shape.length - 1;
  return integersAttribute(node, "perm") ?? input.shape.map((_, axis) => last - axis);
}

/** What a value is the turned matrices of; `undefined`: it was made otherwise. */
function turnedFrom(graph: OnnxGraph, value: GraphValue): GraphValue | undefined {
  const node = graph.nodeOf(value);
  const input = node?.inputs[0];
  if (node?.type !== "Transpose" || !input) return undefined;
  return turnsMatrices(orderOf({ node, input })) ? input : undefined;
}

/**
 * A product of matrices that were turned, read as they lie before: the runtime joins the turn with another one in front of
 * it, as attention has, and then has to make both.
 */
export const productOfTurned: KeepingForward = ({ graph, x, node }) => {
  const [a, b] = node.inputs as [GraphValue, GraphValue];
  const [turnedA, turnedB] = [turnedFrom(graph, a), turnedFrom(graph, b)];
  const batch = a.shape.slice(0, -2);
  const isAlike = a.shape.length === b.shape.length && String(batch) === String(b.shape.slice(0, -2));
  if (!(turnedA || turnedB) || !isAlike || a.type !== "float32") return undefined;
  const [rows, columns] = [a.shape.at(-2)!, b.shape.at(-1)!];
  const flag = (turned: boolean) => ({ int: turned ? 1 : 0 });
  const product = (sides: GraphValue[], sizes: readonly Dimension[], turnsA: boolean, turnsB: boolean) => {
    const output = { type: a.type, shape: [...batch, ...sizes] };
    return graph.runtimeOp("FusedMatMul", sides, output, { transA: flag(turnsA), transB: flag(turnsB) });
  };
  // The runtime copies a left side to turn it: of a wide and a narrow matrix it should be the narrow one, and the result is turned.
  const isNarrow = 2 * Number(columns) <= Number(rows);
  if (turnedA && !turnedB && isNarrow)
    return [x.transposeMatrices(product([b, turnedA], [columns, rows], true, false))];
  return [product([turnedA ?? a, turnedB ?? b], [rows, columns], Boolean(turnedA), Boolean(turnedB))];
};

/** An exchange of axes behind the opposite one is what was there before both. */
export const withoutReturn: Rewrite = ({ graph, node, input }) => {
  const before = graph.nodeOf(input);
  const source = before?.inputs[0];
  if (before?.type !== "Transpose" || !source) return undefined;
  const first = orderOf({ node: before, input: source });
  return orderOf({ node, input }).every((axis, at) => first[axis] === at) ? [source] : undefined;
};

/** The turned matrices of a product: that of its factors, turned, the other way round. @param order of the turn */
export function turnedOver(
  graph: OnnxGraph,
  order: readonly number[],
  value: GraphValue,
): GraphValue | undefined {
  const product = graph.nodeOf(value);
  if (product?.type !== "MatMul" || !turnsMatrices(order)) return undefined;
  const x = new Expressions(graph);
  const [a, b] = product.inputs as [GraphValue, GraphValue];
  if (a.shape.length !== b.shape.length) return undefined;
  const turned = (factor: GraphValue) => turnedFrom(graph, factor) ?? x.transposeMatrices(factor);
  return x.matmul(turned(b), turned(a));
}

/** Rows shorter than this are moved faster one by one, few of them by one thread. */
const [ROW_ELEMENTS, MOVED_ELEMENTS] = [16, 2 ** 16];

/** An exchange of axes that leaves the last ones where they are moves rows, which the runtime gathers in two thirds of the time. */
export const gatheredRows: KeepingForward = ({ graph, x, node, input }) => {
  const order = orderOf({ node, input });
  const { shape } = input;
  if (!isStatic(shape)) return undefined;
  const moved = order.findLastIndex((axis, at) => axis !== at) + 1;
  const row = shape.slice(moved);
  const isWorthIt = elementCount(row) >= ROW_ELEMENTS && elementCount(shape) >= MOVED_ELEMENTS;
  if (moved === 0 || row.length === 0 || !isWorthIt) return undefined;
  const target = order.slice(0, moved).map((axis) => shape[axis]!);
  const strides = order.slice(0, moved).map((axis) => elementCount(shape.slice(axis + 1, moved)));
  const numbers = target.reduce<number[]>(
    (found, size, axis) =>
      found.flatMap((start) => Array.from({ length: size }, (_, k) => start + k * strides[axis]!)),
    [0],
  );
  const before = graph.nodeOf(input);
  const source = before?.type === "Reshape" ? before.inputs[0]! : input;
  const rows = x.reshape(source, [numbers.length, ...row]);
  return [x.gather(rows, graph.constant("int64", target, numbers))];
};
