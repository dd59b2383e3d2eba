/**
 * What a stacked layer sees of the first layer: one number column a class and member (two classes: one, the log-odds;
 * several: the log of each probability; a regression: the standardised value), here from `Predictions` and in the
 * graph from the members' outputs.
 *
 * Parity. A member's float64 prediction here and its float32 output in the graph differ by a few 1e-7, and nothing can
 * round that away: however coarse a grid, some value lies on the edge of two cells and falls into different ones. So
 * these columns are for learners that answer smoothly (linear, kernel, networks), which pass a difference on as a
 * small one; a tree that splits on them turns it into the difference of two leaves whenever a row meets a threshold
 * that closely, and breaks the parity of the whole model: take trainers that declare `capabilities.smooth`.
 * Logarithms are taken of p + 2^-10: their slope is at most 2^10, where a class is all but ruled out, and there the
 * link of the next model makes the difference small again. Values are standardised by moments rounded to float32, so
 * that both sides subtract and multiply by the same numbers.
 */
import { type Column, createFrame, type Frame } from "../../foundation/contracts/frame.js";
import {
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
  splitMatrix,
} from "../../foundation/contracts/graph.js";
import type { Predictions } from "../../foundation/contracts/target.js";

/** How one member's predictions become columns; a plain value. */
export type StackMember = {
  /** Unique among the members; columns are named after it. */
  readonly name: string;
} & (
  | { readonly kind: "probabilities"; readonly classes: readonly string[] }
  /** Float32 values. */
  | { readonly kind: "values"; readonly center: number; readonly scale: number }
);

const RAISE = 2 ** -10;

/** A member as its out-of-fold predictions describe it. `classes`: names, empty for a regression. */
export function describeMember(
  name: string,
  predictions: Predictions,
  classes: readonly string[],
): StackMember {
  if (predictions.kind === "probabilities") return { name, kind: "probabilities", classes };
  const { values } = predictions;
  const center = Math.fround(values.reduce((sum, value) => sum + value / values.length, 0));
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2 / values.length, 0);
  return { name, kind: "values", center, scale: variance > 0 ? Math.fround(1 / Math.sqrt(variance)) : 1 };
}

/** The stacked layer's columns, float32; predictions in the order of the members, all for the same rows. */
export function stackFeatures(members: readonly StackMember[], predictions: readonly Predictions[]): Frame {
  const columns: [string, Column][] = [];
  for (const [m, member] of members.entries()) {
    const { values } = predictions[m]!;
    const names = columnNames(member);
    const width = member.kind === "values" ? 1 : member.classes.length;
    for (const [k, name] of names.entries()) {
      const column = Float32Array.from({ length: values.length / width }, (_, row) =>
        columnValue(member, values, row * width, k),
      );
      columns.push([name, { kind: "number", values: column }]);
    }
  }
  return createFrame(columns);
}

function columnNames(member: StackMember): string[] {
  if (member.kind === "values") return [member.name];
  const named = member.classes.length === 2 ? member.classes.slice(1) : member.classes;
  return named.map((label) => `${member.name}=${label}`);
}

function columnValue(member: StackMember, values: Float64Array, start: number, k: number): number {
  if (member.kind === "values") return (values[start]! - member.center) * member.scale;
  const log = (at: number) => Math.log(values[start + at]! + RAISE);
  return member.classes.length === 2 ? log(1) - log(0) : log(k);
}

/** `stackFeatures` in the graph, from the members' outputs: float32 [N, C] or [N, 1]. */
export function emitStackFeatures(
  graph: GraphBuilder,
  members: readonly StackMember[],
  outputs: readonly GraphValue[],
): GraphColumn[] {
  return members.flatMap((member, m) => {
    const names = columnNames(member);
    const parts = splitMatrix(
      graph,
      emitColumns(graph, member, outputs[m]!),
      names.map(() => 1),
    );
    return names.map((name, k): GraphColumn => ({ name, kind: "number", value: parts[k]! }));
  });
}

function emitColumns(graph: GraphBuilder, member: StackMember, output: GraphValue): GraphValue {
  if (member.kind === "values") {
    const centered = graph.op("Sub", [output, graph.scalar(member.center)]);
    return graph.op("Mul", [centered, graph.scalar(member.scale)]);
  }
  const logs = graph.op("Log", [graph.op("Add", [output, graph.scalar(RAISE)])]);
  if (member.classes.length !== 2) return logs;
  const [negative, positive] = splitMatrix(graph, logs, [1, 1]);
  return graph.op("Sub", [positive!, negative!]);
}
